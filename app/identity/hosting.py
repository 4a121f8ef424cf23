"""Becoming a host: what a host must tell, and what makes a guest one.

The facts are the least that letting to strangers asks for: who it is (EU 2022/2065, article 30;
EU 2021/514), that they are of age, how to reach them at once, and which terms they agreed to.
What the payment provider must know to pay them it asks them itself.
"""

from datetime import date, datetime
from uuid import UUID

import msgspec
from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.actor import Actor
from app.countries import require_country
from app.errors import Invalid
from app.identity.accounts import require_verified
from app.identity.events import HostJoined
from app.identity.profile import clean_phone
from app.outbox import emit
from app.text import plain_text
from db.enums import HostKind
from db.models import HostDetails, User

# The terms for hosts that are in force, by the day since when.
TERMS_VERSION = "2026-01-01"
MIN_AGE = 18
MAX_AGE = 120
MAX_LEGAL_NAME = 200
MAX_REGISTRATION_NUMBER = 50


class HostFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody tells to become a host."""

    kind: HostKind
    legal_name: str
    country: str
    phone: str
    # A person's.
    born_on: date | None = None
    # A business's.
    registration_number: str | None = None
    # The version of the terms that was shown and agreed to.
    terms_version: str


def cleaned(facts: HostFacts, now: datetime) -> HostFacts:
    """The facts, tidied. Raises Invalid for the first that cannot be."""
    if facts.terms_version != TERMS_VERSION:
        raise Invalid(
            f"The terms in force are those of {TERMS_VERSION}: show them, and ask again.",
            field="termsVersion",
        )
    return msgspec.structs.replace(
        facts,
        legal_name=plain_text(facts.legal_name, "legalName", 1, MAX_LEGAL_NAME),
        country=require_country(facts.country, "country"),
        phone=clean_phone(facts.phone),
        born_on=_birthday(facts, now.date()),
        registration_number=_registration_number(facts),
    )


async def become_host(session: AsyncSession, actor: Actor, facts: HostFacts, now: datetime) -> UUID:
    """Turn the caller into a host, for good, or replace what one has told. Returns their id.

    Raises Invalid, Unauthenticated, EmailNotVerified, and NotFound when the account has gone.
    """
    user_id = actor.require_user()
    known = cleaned(facts, now)
    await require_verified(session, user_id)
    joined = await session.execute(
        update(User)
        .where(User.id == user_id, User.is_host.is_(False))
        .values(is_host=True, host_since_at=now)
        .returning(User.id)
    )
    if joined.first() is not None:
        await emit(session, HostJoined(user_id=user_id))
    await session.execute(update(User).where(User.id == user_id).values(phone=known.phone))
    told = {
        "kind": known.kind,
        "legal_name": known.legal_name,
        "country": known.country,
        "born_on": known.born_on,
        "registration_number": known.registration_number,
        "terms_version": known.terms_version,
        "agreed_at": now,
    }
    await session.execute(
        insert(HostDetails)
        .values(user_id=user_id, **told)
        .on_conflict_do_update(index_elements=[HostDetails.user_id], set_=told)
    )
    return user_id


def _birthday(facts: HostFacts, today: date) -> date | None:
    if facts.kind is HostKind.BUSINESS:
        if facts.born_on is not None:
            raise Invalid("A business has no date of birth.", field="dateOfBirth")
        return None
    if facts.born_on is None:
        raise Invalid("A person's date of birth is needed.", field="dateOfBirth")
    age = _age(facts.born_on, today)
    if age < MIN_AGE:
        raise Invalid(f"Hosts are at least {MIN_AGE} years old.", field="dateOfBirth")
    if age > MAX_AGE:
        raise Invalid("Nobody is as old as that.", field="dateOfBirth")
    return facts.born_on


def _age(born_on: date, today: date) -> int:
    """In whole years. Born on 29 February, one grows older on 1 March."""
    had_birthday = (today.month, today.day) >= (born_on.month, born_on.day)
    return today.year - born_on.year - (not had_birthday)


def _registration_number(facts: HostFacts) -> str | None:
    if facts.kind is HostKind.INDIVIDUAL:
        if facts.registration_number is not None:
            raise Invalid("Only a business has this.", field="registrationNumber")
        return None
    field = "registrationNumber"
    return plain_text(facts.registration_number or "", field, 1, MAX_REGISTRATION_NUMBER)
