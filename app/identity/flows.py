"""Registration, sign-in, passwords: hash outside of any transaction, then one short one."""

from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.actor import Actor
from app.errors import Invalid
from app.identity import accounts, audit, enrollment, entry, limits, rules, service, tokens
from app.identity.accounts import NewAccount
from app.identity.client import Client
from app.identity.entry import SecondFactorRequired
from app.identity.errors import RefreshRefused, SignInRefused, WrongPassword
from app.identity.passwords import hash_password, verify_password
from app.identity.service import SignedIn
from app.identity.tokens import TokenKeys
from app.limits import Limiter
from db.enums import SignInEventKind
from db.models import User
from db.session import Database


class Registration(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody types to register, unchecked."""

    email: str
    username: str
    password: str
    first_name: str
    last_name: str


async def register(
    db: Database, limiter: Limiter, wanted: Registration, client: Client, now: datetime
) -> None:
    """Make an account. Raises Invalid, UsernameTaken, RateLimited, Unavailable.

    Says and does the same, for as long, whether or not the address has an account.
    """
    email = rules.clean_email(wanted.email)
    username = rules.clean_username(wanted.username)
    first_name = rules.clean_name(wanted.first_name, "firstName")
    last_name = rules.clean_name(wanted.last_name, "lastName")
    rules.check_password(
        wanted.password, *rules.personal_words(username, email, first_name, last_name)
    )
    await limiter.take(limits.registration(client.address))
    new = NewAccount(
        email=email,
        username=username,
        password_hash=await hash_password(wanted.password),
        first_name=first_name,
        last_name=last_name,
    )
    await db.run(lambda session: accounts.register(session, new, now))


async def sign_in(
    db: Database,
    limiter: Limiter,
    keys: TokenKeys,
    login: str,
    password: str,
    client: Client,
    now: datetime,
) -> SignedIn | SecondFactorRequired:
    """Sign a device in by e-mail address or username, or ask for the account's second factor.

    Raises SignInRefused, AccountSuspended, RateLimited, Unavailable.
    """
    counted = limits.sign_in(login, client.address)
    # Before the password is looked at: whoever asks many times at once gets no more guesses.
    await limiter.take(counted)
    async with db.read() as connection:
        candidates = await service.who_signs_in(connection, rules.clean_login(login))
    # A longer one is nobody's password, and not worth hashing.
    password = password[: rules.MAX_PASSWORD + 1]
    # All of them, whichever it is: the time taken tells nothing about the others.
    tried = [(each, *await verify_password(password, each.password_hash)) for each in candidates]
    found = next(((each, better) for each, valid, better in tried if valid), None)
    if found is None:
        # Noted for unknown logins, too: it takes as long.
        refused = SignInEventKind.SIGN_IN_REFUSED
        await note_refusal(db, refused, candidates[0].user_id, client, now)
        raise SignInRefused
    candidate, better = found
    user_id = candidate.user_id
    assert user_id is not None
    begun = await db.run(
        lambda session: entry.begin(
            session,
            keys,
            user_id,
            client,
            now,
            password_hash=candidate.password_hash,
            better_hash=better,
        )
    )
    if begun is None:
        raise SignInRefused
    await limiter.give_back(counted)
    return begun


async def refresh(
    db: Database, keys: TokenKeys, refresh_token: str, client: Client, now: datetime
) -> SignedIn:
    """Exchange a refresh token for the next one. Raises RefreshRefused."""
    token = tokens.decode_token(refresh_token)
    if token is None:
        raise RefreshRefused
    refreshed = await db.run(lambda session: service.refresh(session, keys, token, client, now))
    # Raised after the commit: a reused token's family stays revoked.
    if refreshed is None:
        raise RefreshRefused
    return refreshed


async def forget_password(db: Database, limiter: Limiter, email: str, client: Client) -> None:
    """Have a link mailed, if there is such an account. Raises Invalid, RateLimited."""
    email = rules.clean_email(email)
    await limiter.take(limits.mail(email, client.address))
    await db.run(lambda session: accounts.forget_password(session, email))


async def send_verification(
    db: Database, limiter: Limiter, actor: Actor, client: Client, now: datetime
) -> None:
    """Have another link mailed to verify one's address. Raises Unauthenticated, RateLimited."""
    user_id = actor.require_user()
    await limiter.take(limits.mail(str(user_id), client.address))
    await db.run(lambda session: accounts.send_verification(session, user_id, now))


async def reset_password(
    db: Database,
    limiter: Limiter,
    keys: TokenKeys,
    code: str,
    password: str,
    client: Client,
    now: datetime,
) -> None:
    """Set another password by a mailed link.

    A password that is refused does not use the link up. Raises LinkRefused, Invalid, EmailTaken,
    RateLimited, Unavailable.
    """
    await limiter.take(limits.mailed_code(client.address))
    async with db.read() as connection:
        owner = await accounts.owner_of_reset(connection, keys, code, now)
    rules.check_password(password, *rules.personal_words(*owner))
    hashed = await hash_password(password)
    await db.run(lambda session: accounts.reset_password(session, keys, code, hashed, client, now))


async def change_password(
    db: Database,
    limiter: Limiter,
    actor: Actor,
    current: str,
    password: str,
    client: Client,
    now: datetime,
) -> None:
    """Replace the caller's password and end their other sessions.

    Raises Unauthenticated, WrongPassword, Invalid, RateLimited, Unavailable.
    """
    stored = await verified_hash(db, limiter, actor, current, client, now)
    async with db.read() as connection:
        found = await connection.execute(
            select(User.username, User.email, User.first_name, User.last_name).where(
                User.id == actor.user_id
            )
        )
    rules.check_password(password, *rules.personal_words(*found.one()), field="newPassword")
    hashed = await hash_password(password)
    if not await db.run(
        lambda session: accounts.change_password(session, actor, stored, hashed, client, now)
    ):
        raise WrongPassword


async def change_email(
    db: Database,
    limiter: Limiter,
    actor: Actor,
    password: str | None,
    proof: str | None,
    new_email: str,
    client: Client,
    now: datetime,
) -> None:
    """Ask both addresses whether the account may move to the new one.

    By the password, or by a proof: not everybody has a password. Says and does the same whether or
    not the new one is somebody's. Raises Unauthenticated, WrongPassword, ProofRequired, Invalid,
    RateLimited, Unavailable.
    """
    email = rules.clean_email(new_email)
    if (password is None) == (proof is None):
        raise Invalid("Give one of password and proof.")
    if password is not None:
        await verified_hash(db, limiter, actor, password, client, now)
    await limiter.take(limits.mail(email, client.address))

    async def work(session: AsyncSession) -> None:
        if proof is not None:
            await enrollment.require_proof(session, actor, proof, now)
        await accounts.request_email_change(session, actor, email, client, now)

    await db.run(work)


async def verify_email(
    db: Database, limiter: Limiter, keys: TokenKeys, code: str, client: Client, now: datetime
) -> None:
    """Follow the link of a new account. Raises LinkRefused, EmailTaken, RateLimited."""
    await limiter.take(limits.mailed_code(client.address))
    await db.run(lambda session: accounts.verify_email(session, keys, code, client, now))


async def confirm_email_change(
    db: Database, limiter: Limiter, keys: TokenKeys, code: str, client: Client, now: datetime
) -> bool:
    """Follow a link of a change of address; True when the address is changed.

    Raises LinkRefused, EmailTaken, RateLimited.
    """
    await limiter.take(limits.mailed_code(client.address))
    return await db.run(
        lambda session: accounts.confirm_email_change(session, keys, code, client, now)
    )


async def verified_hash(
    db: Database, limiter: Limiter, actor: Actor, password: str, client: Client, now: datetime
) -> str:
    """The stored hash of the caller's password. Raises WrongPassword when it is another one's.

    A guess like any other, so it counts like one.
    """
    counted = limits.sign_in(str(actor.require_user()), client.address)
    await limiter.take(counted)
    async with db.read() as connection:
        found = await connection.execute(
            select(User.password_hash).where(User.id == actor.require_user())
        )
    stored = found.scalar_one_or_none()
    valid, _ = await verify_password(password[: rules.MAX_PASSWORD + 1], stored)
    if not valid or stored is None:
        kind = SignInEventKind.PASSWORD_REFUSED
        await note_refusal(db, kind, actor.user_id, client, now)
        raise WrongPassword
    await limiter.give_back(counted)
    return stored


async def note_refusal(
    db: Database, kind: SignInEventKind, user_id: UUID | None, client: Client, now: datetime
) -> None:
    await db.run(lambda session: audit.record(session, kind, user_id, client, now))
