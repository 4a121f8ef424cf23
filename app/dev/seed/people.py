"""Hosts and guests of the demo, from people.toml."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from uuid import UUID

import msgspec

from app.dev.seed.ids import id_at, provider_id
from app.dev.seed.rows import Rows
from app.identity.hosting import TERMS_VERSION
from db.enums import HostKind, PaymentProvider, PayoutAccountStatus
from db.models import HostDetails, PayoutAccount, User

PEOPLE = Path(__file__).with_name("people.toml")


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody, as written down."""

    username: str
    name: str
    bio: str
    # For the portrait: see art.portraits.
    skin: int
    hair: str
    email: str | None = None
    country: str = "US"

    @property
    def first_name(self) -> str:
        return self.name.split()[0]

    @property
    def address(self) -> str:
        """Their e-mail address."""
        return self.email or f"{self.username}@roost.example"


class People(msgspec.Struct, frozen=True):
    """The file."""

    hosts: tuple[Person, ...]
    guests: tuple[Person, ...]


class Resident(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody with an account with us, and hosts with one at the provider."""

    id: UUID
    person: Person
    joined_at: datetime
    # Hosts only.
    account_id: str | None = None


def read() -> People:
    """Everybody in people.toml."""
    return msgspec.toml.decode(PEOPLE.read_bytes(), type=People)


def add(
    rows: Rows, random: Random, people: People, password_hash: str, now: datetime
) -> Mapping[str, Resident]:
    """Add everybody, hosts with an active payout account; by username."""
    found = {}
    for is_host, group in ((True, people.hosts), (False, people.guests)):
        for person in group:
            # Hosts were there before their places, and guests before their first stay.
            days = random.randint(1000, 1500) if is_host else random.randint(500, 900)
            joined_at = now - timedelta(days=days, minutes=random.randint(0, 1440))
            resident = Resident(
                id=id_at(random, joined_at),
                person=person,
                joined_at=joined_at,
                account_id=provider_id(random, "acct", 16) if is_host else None,
            )
            _add_one(rows, random, resident, password_hash)
            found[person.username] = resident
    return found


def _add_one(rows: Rows, random: Random, resident: Resident, password_hash: str) -> None:
    person, joined_at = resident.person, resident.joined_at
    is_host = resident.account_id is not None
    rows.add(
        User,
        id=resident.id,
        email=person.address,
        username=person.username,
        password_hash=password_hash,
        first_name=person.first_name,
        last_name=person.name.partition(" ")[2],
        bio=person.bio,
        picture_url=f"/media/demo/people/{person.username}.svg",
        phone=_phone(person) if is_host else None,
        is_host=is_host,
        host_since_at=joined_at if is_host else None,
        email_verified_at=joined_at,
        created_at=joined_at,
    )
    if is_host:
        rows.add(
            HostDetails,
            user_id=resident.id,
            kind=HostKind.INDIVIDUAL,
            legal_name=person.name,
            country=person.country,
            born_on=date(1960 + len(person.bio) % 40, 1 + len(person.name) % 12, 17),
            registration_number=None,
            terms_version=TERMS_VERSION,
            agreed_at=joined_at,
        )
        rows.add(
            PayoutAccount,
            id=id_at(random, joined_at),
            user_id=resident.id,
            provider=PaymentProvider.STRIPE,
            provider_account_id=resident.account_id,
            currency=None,
            label=None,
            status=PayoutAccountStatus.ACTIVE,
            created_at=joined_at,
            updated_at=joined_at,
        )


def _phone(person: Person) -> str:
    """Of the numbers that are nobody's (NANPA keeps 555-0100 to 555-0199 for stories)."""
    return f"+1201555{100 + sum(person.username.encode()) % 100:04}"
