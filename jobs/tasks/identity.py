"""What follows from events about accounts."""

from app import clock
from app.identity import accounts
from app.identity.events import PasswordForgotten
from app.runtime import Runtime
from jobs.registry import task


@task("identity.answer_forgotten_password")
async def answer_forgotten_password(runtime: Runtime, event: PasswordForgotten) -> None:
    now = clock.now()
    await runtime.db.run(
        lambda session: accounts.answer_forgotten_password(session, event.email, event.link_id, now)
    )
