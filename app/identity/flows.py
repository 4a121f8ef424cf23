"""Registration and sign-in: hash outside of any transaction, then one short transaction."""

from datetime import datetime

import msgspec
from sqlalchemy import select

from app.identity import rules, service, tokens
from app.identity.errors import RefreshRefused, SignInRefused
from app.identity.passwords import hash_password, verify_password
from app.identity.service import Client, NewAccount, SignedIn
from app.identity.tokens import TokenKeys
from db.models import User
from db.session import Database


class Registration(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody types to register, unchecked."""

    email: str
    username: str
    password: str
    first_name: str
    last_name: str


async def register(db: Database, wanted: Registration) -> None:
    """Make an account. Raises Invalid, UsernameTaken, Unavailable.

    Says and does the same, for as long, whether or not the address has an account.
    """
    email = rules.clean_email(wanted.email)
    username = rules.clean_username(wanted.username)
    first_name = rules.clean_name(wanted.first_name, "firstName")
    last_name = rules.clean_name(wanted.last_name, "lastName")
    rules.check_password(
        wanted.password, username, email, email.partition("@")[0], first_name, last_name
    )
    new = NewAccount(
        email=email,
        username=username,
        password_hash=await hash_password(wanted.password),
        first_name=first_name,
        last_name=last_name,
    )
    await db.run(lambda session: service.register(session, new))


async def sign_in(
    db: Database, keys: TokenKeys, login: str, password: str, client: Client, now: datetime
) -> SignedIn:
    """Sign a device in by e-mail address or username. Raises SignInRefused, Unavailable."""
    found = None
    if (name := rules.clean_login(login)) is not None:
        async with db.read() as connection:
            found = (
                await connection.execute(
                    select(User.id, User.password_hash).where(service.is_login(name))
                )
            ).first()
    stored = None if found is None else found.password_hash
    # A longer one is nobody's password, and not worth hashing.
    valid, better = await verify_password(password[: rules.MAX_PASSWORD + 1], stored)
    if not valid or found is None or stored is None:
        raise SignInRefused
    user_id = found.id
    signed_in = await db.run(
        lambda session: service.open_session(
            session,
            keys,
            user_id=user_id,
            password_hash=stored,
            better_hash=better,
            client=client,
            now=now,
        )
    )
    if signed_in is None:
        raise SignInRefused
    return signed_in


async def refresh(
    db: Database, keys: TokenKeys, refresh_token: str, client: Client, now: datetime
) -> SignedIn:
    """Exchange a refresh token for the next one. Raises RefreshRefused."""
    token = tokens.decode_refresh_token(refresh_token)
    if token is None:
        raise RefreshRefused
    refreshed = await db.run(lambda session: service.refresh(session, keys, token, client, now))
    # Raised after the commit: a reused token's family stays revoked.
    if refreshed is None:
        raise RefreshRefused
    return refreshed
