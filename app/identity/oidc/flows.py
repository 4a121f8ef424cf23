"""Through a provider and back: short transactions, with the provider asked between them."""

import secrets
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar
from uuid import UUID

import msgspec
import structlog
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.actor import Actor
from app.errors import Invalid
from app.identity import limits
from app.identity.client import Client
from app.identity.entry import SecondFactorRequired
from app.identity.oidc import attempts, identities, rules
from app.identity.oidc.errors import (
    CodeRefused,
    ProofRefused,
    ProviderUnavailable,
    SignInExpired,
)
from app.identity.oidc.id_token import Person
from app.identity.oidc.providers import Provider
from app.identity.rules import clean_email
from app.identity.service import SignedIn
from app.identity.tokens import TokenKeys
from app.limits import Limiter
from db.session import Database, constraint_name

T = TypeVar("T")

# First sign-ins at once: each round has a winner, whom the others find in the next.
ROUNDS = 5
# Ways of OAuth (RFC 6749, 4.1.2.1) and of Apple to say that the person has changed their mind.
DENIALS = {"access_denied", "user_cancelled_authorize"}
OUTAGES = {"temporarily_unavailable", "server_error"}

# What an app is told instead of a code: fixed words, whatever the provider said.
DENIED = "access_denied"
UNAVAILABLE = "temporarily_unavailable"
FAILED = "sign_in_failed"

log = structlog.get_logger(__name__)


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody comes back from the provider with."""

    state: str = ""
    code: str | None = None
    error: str | None = None
    iss: str | None = None
    # Apple's way to tell the name: unsigned, and the first time only.
    user: str | None = None


class _AppleName(msgspec.Struct, frozen=True, rename="camel"):
    first_name: str | None = None
    last_name: str | None = None


class _AppleUser(msgspec.Struct, frozen=True):
    name: _AppleName = _AppleName()


async def begin(
    db: Database,
    limiter: Limiter,
    provider: Provider,
    *,
    browser: str,
    return_to: str,
    code_challenge: str,
    client: Client,
    now: datetime,
) -> str:
    """Where to send the browser whose secret is `browser`; `return_to` is checked already.

    Raises Invalid, RateLimited, ProviderUnavailable.
    """
    rules.check_challenge(code_challenge)
    await limiter.take(limits.oidc(client.address))
    # Before anything is written: while the provider is away, nobody begins.
    await provider.check_available()
    state = await db.run(
        lambda session: attempts.begin(
            session,
            provider=provider.key,
            browser=browser,
            return_to=return_to,
            code_challenge=code_challenge,
            now=now,
        )
    )
    return await provider.authorization_url(
        state=state,
        nonce=rules.derived(browser, state, "nonce"),
        verifier=rules.derived(browser, state, "verifier"),
    )


async def come_back(
    db: Database,
    limiter: Limiter,
    provider: Provider,
    answer: Answer,
    *,
    browser: str,
    client: Client,
    now: datetime,
) -> str:
    """Where to send the browser next: to its app, with a code or an error.

    Raises SignInExpired when nobody in this browser waits for it, and RateLimited.
    """
    await limiter.take(limits.oidc(client.address))
    returned = await db.run(
        lambda session: attempts.come_back(
            session, provider=provider.key, browser=browser, state=answer.state, now=now
        )
    )
    if returned is None:
        raise SignInExpired
    try:
        person = await _vouched_for(provider, answer, browser, now)
    except ProviderUnavailable:
        return rules.returned(returned.return_to, error=UNAVAILABLE)
    except ProofRefused as refused:
        log.warning("provider's answer refused", provider=provider.key, why=str(refused))
        return rules.returned(returned.return_to, error=FAILED)
    if person is None:
        return rules.returned(returned.return_to, error=DENIED)
    code = await db.run(lambda session: attempts.prove(session, returned.state_hash, person, now))
    return rules.returned(returned.return_to, code=code)


async def exchange(
    db: Database,
    limiter: Limiter,
    keys: TokenKeys,
    code: str,
    verifier: str,
    client: Client,
    now: datetime,
) -> SignedIn | SecondFactorRequired:
    """Sign in by the code that an app came back with, as far as a provider's word goes.

    Raises CodeRefused, EmailMissing, AccountSuspended, RateLimited.
    """
    await limiter.take(limits.oidc(client.address))

    async def sign_in(session: AsyncSession) -> SignedIn | SecondFactorRequired | None:
        proof = await attempts.exchange(session, code, verifier, now)
        if proof is None:
            return None
        return await identities.sign_in(session, keys, proof, client, now)

    outcome = await _settled(db, sign_in)
    # Raised after the commit: a code that somebody tried is used up.
    if outcome is None:
        raise CodeRefused
    return outcome


async def link(
    db: Database,
    limiter: Limiter,
    actor: Actor,
    code: str,
    verifier: str,
    client: Client,
    now: datetime,
) -> UUID:
    """Let the caller sign in through a provider, too. Returns the identity's id.

    Raises Unauthenticated, CodeRefused, IdentityTaken, RateLimited.
    """
    actor.require_user()
    await limiter.take(limits.oidc(client.address))

    async def add(session: AsyncSession) -> UUID | None:
        proof = await attempts.exchange(session, code, verifier, now)
        if proof is None:
            return None
        return await identities.link(session, actor, proof, client, now)

    identity_id = await _settled(db, add)
    if identity_id is None:
        raise CodeRefused
    return identity_id


def browser_secret(kept: str | None) -> str:
    """What a browser keeps while it is away: what it has kept already, or a new secret."""
    return kept if kept and rules.is_secret(kept) else secrets.token_urlsafe(32)


async def _vouched_for(
    provider: Provider, answer: Answer, browser: str, now: datetime
) -> Person | None:
    """Who has come back; None when they changed their mind.

    Raises ProviderUnavailable, ProofRefused.
    """
    await provider.check_issuer(answer.iss)
    if answer.error in DENIALS:
        return None
    if answer.error in OUTAGES:
        raise ProviderUnavailable
    if answer.error is not None or not answer.code:
        raise ProofRefused("an error, or no code")
    person = await provider.person_behind(
        answer.code,
        verifier=rules.derived(browser, answer.state, "verifier"),
        nonce=rules.derived(browser, answer.state, "nonce"),
        now=now,
    )
    return _cleaned(person, _apple_name(answer.user))


def _cleaned(person: Person, told: _AppleName) -> Person:
    """The person in words that an account can have."""
    try:
        email = clean_email(person.email or "")
    except Invalid:
        email = None
    return Person(
        subject=person.subject,
        email=email,
        email_verified=person.email_verified and email is not None,
        first_name=rules.fitting_name(person.first_name or told.first_name),
        last_name=rules.fitting_name(person.last_name or told.last_name),
    )


def _apple_name(user: str | None) -> _AppleName:
    try:
        return msgspec.json.decode(user or "{}", type=_AppleUser).name
    except (msgspec.DecodeError, UnicodeError):
        return _AppleName()


async def _settled(db: Database, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
    """Run `work` in a transaction, again when somebody else was first."""
    for _ in range(ROUNDS - 1):
        try:
            return await db.run(work)
        except IntegrityError as error:
            if constraint_name(error) not in identities.RACES:
                raise
    return await db.run(work)
