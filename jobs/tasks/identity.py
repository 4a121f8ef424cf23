"""What follows from events about accounts, and what is to be cleared away."""

from app import clock
from app.identity import accounts, challenges, pictures, tokens, totp
from app.identity.events import PasswordForgotten, PictureChanged
from app.identity.oidc import attempts
from app.runtime import Runtime
from jobs.registry import sweep, task


@task("identity.answer_forgotten_password")
async def answer_forgotten_password(runtime: Runtime, event: PasswordForgotten) -> None:
    now = clock.now()
    await runtime.db.run(
        lambda session: accounts.answer_forgotten_password(session, event.email, event.link_id, now)
    )


@sweep("identity.drop_expired_challenges", every_seconds=600)
async def drop_expired_challenges(runtime: Runtime) -> None:
    now = clock.now()
    await runtime.db.run(lambda session: challenges.drop_expired(session, now))


@sweep("identity.renew_seals", every_seconds=600)
async def renew_seals(runtime: Runtime) -> None:
    """After a change of the signing keys: until none but the first has sealed anything."""
    keys = tokens.load_keys(runtime.settings)
    while await runtime.db.run(lambda session: totp.renew_seals(session, keys)):
        pass


@task("identity.drop_unused_picture")
async def drop_unused_picture(runtime: Runtime, event: PictureChanged) -> None:
    await pictures.drop_unused(runtime.db, runtime.storage, event.user_id, event.url)


@sweep("identity.forget_oidc_sign_ins", every_seconds=600)
async def forget_oidc_sign_ins(runtime: Runtime) -> None:
    """Delete ways through a provider that nobody has finished in time."""
    while True:
        now = clock.now()
        forgotten = await runtime.db.run(lambda session: attempts.forget_expired(session, now))  # noqa: B023
        if forgotten < attempts.BATCH:
            return
