"""Proofs, and changing one's factors, each function inside the caller's transaction.

Every change takes a proof, used once, that it is still the same person: an access token alone,
left behind or stolen, must not become a way back in. Lock order: user, then what is theirs.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.actor import Actor
from app.errors import NotFound, Unauthenticated
from app.identity import (
    challenges,
    entry,
    factors,
    passkeys,
    recovery,
    rules,
    service,
    tokens,
    totp,
)
from app.identity.challenges import Issued
from app.identity.client import Client
from app.identity.errors import (
    ChallengeRefused,
    FactorRefused,
    FreshSignInRequired,
    PasskeyRefused,
    ProofRequired,
    TotpEnabled,
    WrongPassword,
)
from app.identity.factors import Answer, ByPasskey
from app.identity.passkeys import Descriptor, Party
from app.identity.service import Account
from app.identity.tokens import TokenKeys
from db.enums import ChallengePurpose
from db.enums import SignInEventKind as Kind
from db.models import SignInSession, User

# Whoever can prove themselves by nothing else has signed in this recently.
FRESH = timedelta(minutes=10)


class TotpSecret(msgspec.Struct, frozen=True):
    """What an authenticator app is given: to type, and to scan."""

    text: str
    uri: str


class Registration(msgspec.Struct, frozen=True):
    """What a browser is to make a passkey of."""

    challenge: Issued
    account: Account
    existing: list[Descriptor]


class AddedPasskey(msgspec.Struct, frozen=True):
    """A new passkey, and the recovery codes that come with somebody's first factor."""

    id: UUID
    recovery_codes: list[str] | None


async def offer_proof(
    session: AsyncSession, actor: Actor, now: datetime
) -> tuple[Issued, list[Descriptor]]:
    """A challenge for one of the caller's passkeys. Raises Unauthenticated."""
    user_id = await service.require_open(session, actor, now)
    purpose = ChallengePurpose.PASSKEY_PROOF
    challenge = await challenges.issue(session, purpose, user_id, _holder(actor), now)
    return challenge, await passkeys.descriptors(session, user_id)


async def proven_by_password(
    session: AsyncSession, actor: Actor, verified_hash: str, now: datetime
) -> Issued:
    """A proof, for the password that was just verified. Raises Unauthenticated, WrongPassword."""
    user_id = await service.require_open(session, actor, now)
    if await service.locked_account(session, user_id, verified_hash) is None:
        raise WrongPassword
    return await _proof(session, user_id, actor, now)


async def proven_by_factor(
    session: AsyncSession,
    keys: TokenKeys,
    party: Party,
    actor: Actor,
    secret: bytes,
    answer: Answer,
    client: Client,
    now: datetime,
) -> Issued | None:
    """A proof, for a factor. None when it is not right, which is noted, so the caller commits.

    Raises Unauthenticated, ChallengeRefused.
    """
    account = await _locked(session, actor, now)
    if isinstance(answer, ByPasskey):
        purpose = ChallengePurpose.PASSKEY_PROOF
        if not await challenges.use(session, secret, purpose, _holder(actor), now):
            raise ChallengeRefused
    if not await factors.meet(session, keys, party, account.id, secret, answer, client, now):
        return None
    return await _proof(session, account.id, actor, now)


async def proven_by_sign_in(session: AsyncSession, actor: Actor, now: datetime) -> Issued:
    """A proof for who has neither password nor factor, but has just signed in elsewhere.

    Raises Unauthenticated, ProofRequired, FreshSignInRequired.
    """
    account = await _locked(session, actor, now)
    held = await factors.held_by(session, account.id)
    found = await session.execute(
        select(User.password_hash, SignInSession.created_at)
        .join(SignInSession, SignInSession.user_id == User.id)
        .where(SignInSession.id == actor.session_id)
    )
    password_hash, signed_in_at = found.one()
    if held.any or password_hash is not None:
        raise ProofRequired
    if signed_in_at <= now - FRESH:
        raise FreshSignInRequired
    return await _proof(session, account.id, actor, now)


async def require_proof(session: AsyncSession, actor: Actor, proof: str, now: datetime) -> Account:
    """The caller, whose proof this is, and was: it is used up.

    Raises Unauthenticated, ProofRequired.
    """
    account, secret = await _locked(session, actor, now), tokens.decode_token(proof)
    purpose, holder = ChallengePurpose.PROOF, _holder(actor)
    if secret is None or not await challenges.use(session, secret, purpose, holder, now):
        raise ProofRequired
    return account


async def enroll_totp(
    session: AsyncSession, keys: TokenKeys, actor: Actor, proof: str, now: datetime
) -> TotpSecret:
    """A secret for an authenticator app, which is on once `confirm_totp` has seen a code of it.

    Raises Unauthenticated, ProofRequired, TotpEnabled.
    """
    account = await require_proof(session, actor, proof, now)
    secret = await totp.enroll(session, keys, account.id, now)
    if secret is None:
        raise TotpEnabled
    return TotpSecret(totp.text_of(secret), totp.uri_of(secret, account.username))


async def confirm_totp(
    session: AsyncSession, keys: TokenKeys, actor: Actor, code: str, client: Client, now: datetime
) -> list[str] | None:
    """Switch an authenticator app on. Returns recovery codes if there were none.

    Raises Unauthenticated, FactorRefused, and NotFound when no app waits for that.
    """
    account = await _locked(session, actor, now)
    confirmed = await totp.confirm(session, keys, account.id, code, now)
    if confirmed is None:
        raise NotFound("No authenticator app waits to be confirmed. Enroll one first.")
    if not confirmed:
        raise FactorRefused
    await _note(session, Kind.TOTP_ENABLED, account.id, actor, client, now)
    return await _first_codes(session, account.id, now)


async def disable_totp(
    session: AsyncSession, actor: Actor, proof: str, client: Client, now: datetime
) -> None:
    """Switch the authenticator app off. Raises Unauthenticated, ProofRequired, NotFound."""
    account = await require_proof(session, actor, proof, now)
    if not await totp.remove(session, account.id):
        raise NotFound("There is no authenticator app to switch off.")
    await _note(session, Kind.TOTP_DISABLED, account.id, actor, client, now)
    await _drop_last_codes(session, account.id)


async def make_recovery_codes(
    session: AsyncSession, actor: Actor, proof: str, client: Client, now: datetime
) -> list[str]:
    """Ten new recovery codes in place of the earlier ones.

    Raises Unauthenticated, ProofRequired, and NotFound when there is no factor to recover from.
    """
    account = await require_proof(session, actor, proof, now)
    if not (await factors.held_by(session, account.id)).any:
        raise NotFound("There is no second factor that could be lost.")
    await _note(session, Kind.RECOVERY_CODES_MADE, account.id, actor, client, now)
    return await recovery.make(session, account.id, now)


async def offer_passkey(
    session: AsyncSession, actor: Actor, proof: str, now: datetime
) -> Registration:
    """A challenge to make a passkey for. Raises Unauthenticated, ProofRequired."""
    account = await require_proof(session, actor, proof, now)
    purpose = ChallengePurpose.PASSKEY_REGISTRATION
    challenge = await challenges.issue(session, purpose, account.id, _holder(actor), now)
    return Registration(challenge, account, await passkeys.descriptors(session, account.id))


async def add_passkey(
    session: AsyncSession,
    party: Party,
    actor: Actor,
    challenge: str,
    name: str,
    credential: Mapping[str, Any],
    client: Client,
    now: datetime,
) -> AddedPasskey:
    """Keep a passkey that a browser has made.

    Raises Unauthenticated, ChallengeRefused, Invalid, FactorRefused, PasskeyKnown, Conflict.
    """
    name = rules.clean_label(name, "name")
    account = await _locked(session, actor, now)
    secret, purpose = tokens.decode_token(challenge), ChallengePurpose.PASSKEY_REGISTRATION
    if secret is None or not await challenges.use(session, secret, purpose, _holder(actor), now):
        raise ChallengeRefused
    try:
        added = await passkeys.register(session, party, secret, account.id, name, credential, now)
    except PasskeyRefused as refused:
        # Signed in they are.
        raise FactorRefused from refused
    await _note(session, Kind.PASSKEY_ADDED, account.id, actor, client, now)
    return AddedPasskey(added, await _first_codes(session, account.id, now))


async def rename_passkey(
    session: AsyncSession, actor: Actor, passkey_id: UUID, name: str, now: datetime
) -> None:
    """Call a passkey otherwise. Raises Unauthenticated, Invalid, NotFound."""
    name = rules.clean_label(name, "name")
    account = await _locked(session, actor, now)
    await passkeys.rename(session, account.id, passkey_id, name)


async def delete_passkey(
    session: AsyncSession, actor: Actor, passkey_id: UUID, proof: str, client: Client, now: datetime
) -> None:
    """Forget a passkey. Raises Unauthenticated, ProofRequired, NotFound, LastSignInMethod."""
    account = await require_proof(session, actor, proof, now)
    await passkeys.remove(session, account.id, passkey_id)
    await entry.require_way_in(session, account.id)
    await _note(session, Kind.PASSKEY_REMOVED, account.id, actor, client, now)
    await _drop_last_codes(session, account.id)


async def _locked(session: AsyncSession, actor: Actor, now: datetime) -> Account:
    account = await service.locked_account(session, actor.require_user())
    await service.require_open(session, actor, now)
    if account is None:
        raise Unauthenticated
    return account


async def _proof(session: AsyncSession, user_id: UUID, actor: Actor, now: datetime) -> Issued:
    return await challenges.issue(session, ChallengePurpose.PROOF, user_id, _holder(actor), now)


def _holder(actor: Actor) -> str:
    return str(actor.session_id)


async def _note(
    session: AsyncSession, kind: Kind, user_id: UUID, actor: Actor, client: Client, now: datetime
) -> None:
    await factors.note(session, kind, user_id, client, now, actor.session_id)


async def _first_codes(session: AsyncSession, user_id: UUID, now: datetime) -> list[str] | None:
    """Recovery codes, unless there are some."""
    held = await factors.held_by(session, user_id)
    return None if held.recovery_codes else await recovery.make(session, user_id, now)


async def _drop_last_codes(session: AsyncSession, user_id: UUID) -> None:
    """Without a factor there is nothing to recover from, and a password is enough again."""
    if not (await factors.held_by(session, user_id)).any:
        await recovery.remove(session, user_id)
