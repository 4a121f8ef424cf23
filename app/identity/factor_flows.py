"""Proving oneself by more than a password: count the guess, then one short transaction."""

from datetime import datetime
from uuid import UUID

import msgspec

from app.actor import Actor
from app.identity import challenges, enrollment, entry, flows, limits, passkeys, tokens
from app.identity.challenges import Issued
from app.identity.client import Client
from app.identity.errors import (
    ChallengeRefused,
    FactorRefused,
    PasskeyRefused,
    SecondFactorRefused,
)
from app.identity.factors import Answer, ByPasskey, ByTotp
from app.identity.passkeys import Descriptor, Party
from app.identity.service import SignedIn
from app.identity.tokens import TokenKeys
from app.limits import Limit, Limiter
from db.enums import ChallengePurpose, SignInEventKind
from db.session import Database


class ByPassword(msgspec.Struct, frozen=True):
    """The account's password."""

    password: str


async def finish_sign_in(
    db: Database,
    limiter: Limiter,
    keys: TokenKeys,
    party: Party,
    challenge: str,
    answer: Answer,
    client: Client,
    now: datetime,
) -> SignedIn:
    """Meet the challenge of `entry.begin`. A wrong answer leaves it standing, and counts.

    Raises ChallengeRefused, SecondFactorRefused, RateLimited.
    """
    purpose, secret = ChallengePurpose.SECOND_FACTOR, _decoded(challenge)
    async with db.read() as connection:
        owner = await challenges.owner_of(connection, secret, purpose, client.fingerprint, now)
    if owner is None:
        raise ChallengeRefused
    counted = _guess(owner, answer, client)
    await limiter.take(counted)
    signed_in = await db.run(
        lambda session: entry.finish(session, keys, party, owner, secret, answer, client, now)
    )
    # Raised after the commit: the refusal stays noted.
    if signed_in is None:
        raise SecondFactorRefused
    await limiter.give_back(counted)
    return signed_in


async def offer_passkey_sign_in(
    db: Database, limiter: Limiter, client: Client, now: datetime
) -> Issued:
    """A challenge for whichever passkey somebody may have. Raises RateLimited."""
    await limiter.take(limits.challenge(client.address))
    return await db.run(
        lambda session: challenges.issue(
            session, ChallengePurpose.PASSKEY_SIGN_IN, None, client.fingerprint, now
        )
    )


async def sign_in_by_passkey(
    db: Database,
    limiter: Limiter,
    keys: TokenKeys,
    party: Party,
    challenge: str,
    answer: ByPasskey,
    client: Client,
    now: datetime,
) -> SignedIn:
    """Sign a device in by a passkey alone. Raises PasskeyRefused, ChallengeRefused, RateLimited."""
    secret = _decoded(challenge)
    async with db.read() as connection:
        passkey = await passkeys.named_by(connection, answer.credential)
    if passkey is None:
        await limiter.take(limits.challenge(client.address))
        await flows.note_refusal(db, SignInEventKind.SIGN_IN_REFUSED, None, client, now)
        raise PasskeyRefused
    user_id, counted = passkey.user_id, _guess(passkey.user_id, answer, client)
    await limiter.take(counted)
    signed_in = await db.run(
        lambda session: entry.by_passkey(session, keys, party, user_id, secret, answer, client, now)
    )
    if signed_in is None:
        raise PasskeyRefused
    await limiter.give_back(counted)
    return signed_in


async def offer_passkey_proof(
    db: Database, actor: Actor, now: datetime
) -> tuple[Issued, list[Descriptor]]:
    """A challenge to prove oneself by one of one's passkeys. Raises Unauthenticated."""
    return await db.run(lambda session: enrollment.offer_proof(session, actor, now))


async def prove(
    db: Database,
    limiter: Limiter,
    keys: TokenKeys,
    party: Party,
    actor: Actor,
    evidence: ByPassword | Answer | None,
    challenge: str | None,
    client: Client,
    now: datetime,
) -> Issued:
    """Show that it is still the same person: what a change of the factors, or leaving, takes.

    `challenge` goes with a passkey. No evidence is enough from who has none to give and has just
    signed in. Raises Unauthenticated, WrongPassword, FactorRefused, ChallengeRefused,
    FreshSignInRequired, RateLimited, Unavailable.
    """
    user_id = actor.require_user()
    if isinstance(evidence, ByPassword):
        stored = await flows.verified_hash(db, limiter, actor, evidence.password, client, now)
        return await db.run(
            lambda session: enrollment.proven_by_password(session, actor, stored, now)
        )
    if evidence is None:
        return await db.run(lambda session: enrollment.proven_by_sign_in(session, actor, now))
    secret = b"" if challenge is None else _decoded(challenge)
    counted = _guess(user_id, evidence, client)
    await limiter.take(counted)
    proof = await db.run(
        lambda session: enrollment.proven_by_factor(
            session, keys, party, actor, secret, evidence, client, now
        )
    )
    if proof is None:
        raise FactorRefused
    await limiter.give_back(counted)
    return proof


async def confirm_totp(
    db: Database,
    limiter: Limiter,
    keys: TokenKeys,
    actor: Actor,
    code: str,
    client: Client,
    now: datetime,
) -> list[str] | None:
    """Switch the authenticator app on by its first code; recovery codes, if there were none.

    Raises Unauthenticated, FactorRefused, NotFound, RateLimited.
    """
    counted = limits.totp(actor.require_user(), client.address)
    await limiter.take(counted)
    codes = await db.run(
        lambda session: enrollment.confirm_totp(session, keys, actor, code, client, now)
    )
    await limiter.give_back(counted)
    return codes


def _guess(user_id: UUID, answer: Answer, client: Client) -> list[Limit]:
    limit = limits.totp if isinstance(answer, ByTotp) else limits.unguessable
    return limit(user_id, client.address)


def _decoded(challenge: str) -> bytes:
    secret = tokens.decode_token(challenge)
    if secret is None:
        raise ChallengeRefused
    return secret
