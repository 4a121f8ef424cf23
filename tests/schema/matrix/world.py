"""Two guests, two hosts, staff, and something of everything that can be theirs."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import insert, select

from app import clock
from app.actor import ANONYMOUS, Actor, Role
from app.ids import new_id
from db.base import Base
from db.enums import StaffActionKind
from db.models import (
    Booking,
    BookingChange,
    CalendarFeed,
    CalendarImport,
    CalendarSync,
    DataExport,
    HostDetails,
    Identity,
    ImportedStay,
    Passkey,
    Payment,
    Payout,
    PayoutAccount,
    PayoutItem,
    Property,
    PropertyPhoto,
    Review,
    SignInEvent,
    SignInSession,
    StaffAction,
    User,
)
from db.session import Database
from schema import ids
from tests.support.world import add_booking, add_property, add_review, add_session, add_user

STAFF = (Role.SUPPORT, Role.ADMIN)
ROLES = {"support": Role.SUPPORT, "admin": Role.ADMIN}
NAMES = ("guest", "other guest", "host", "other host", "support", "admin")


class Thing(msgspec.Struct, frozen=True, kw_only=True):
    """An object with an id, and whose it is in which way."""

    kind: str
    id: str
    owner: UUID | None = None
    guest: UUID | None = None
    host: UUID | None = None
    # Who stays there.
    staying: frozenset[UUID] = frozenset()
    # Who may have it at all, besides staff; None: everybody.
    seen_by: frozenset[UUID] | None = None


class World(msgspec.Struct, kw_only=True):
    """Who asks, by name; what there is; and which words are secrets of whom."""

    actors: dict[str, Actor]
    things: dict[str, Thing]
    # Word → who may ever be told it, and whether staff may.
    secrets: dict[str, tuple[frozenset[UUID], bool]]
    # What is published or not, by name.
    places: dict[str, UUID]
    bookings: dict[str, UUID]

    def user(self, name: str) -> UUID:
        return self.actors[name].require_user()


WITHOUT_ID = (HostDetails, PayoutItem, BookingChange, CalendarFeed, ImportedStay)


async def add(db: Database, model: type[Base], **columns: Any) -> Any:
    row: dict[str, Any] = columns if model in WITHOUT_ID else {"id": new_id()} | columns
    async with db.transaction() as session:
        await session.execute(insert(model).values(row))
    return row.get("id")


def word(name: str) -> str:
    """What marks somebody's or something's secrets; none is part of another."""
    return f"secret-{name.replace(' ', '-')}-tells"


async def make(db: Database) -> World:
    """Everything that the schema has a type for, twice: of two guests and of two hosts."""
    world = World(actors={"anonymous": ANONYMOUS}, things={}, secrets={}, places={}, bookings={})
    for number, name in enumerate(NAMES):
        await _add_person(db, world, name, number)
    await add_user(db, suspended_at=clock.now())
    await _add_places(db, world)
    await _add_stays(db, world)
    await _add_exchanges(db, world)
    await _add_money(db, world)
    world.things = await things(db)
    return world


async def _add_person(db: Database, world: World, name: str, number: int) -> None:
    role = ROLES.get(name, Role.USER)
    phone, secret = f"+35191000000{number}", word(name)
    user_id = await add_user(
        db,
        email=f"{secret}@example.com",
        last_name=f"{secret}-name",
        bio="A few words.",
        timezone="Europe/Lisbon",
        currency="EUR",
        phone=phone,
        picture_url="/media/people/one.png",
        role=role,
        is_host="host" in name,
    )
    session_id = await add_session(db, user_id, user_agent=f"{secret}-device")
    ended = {"revoked_at": clock.now(), "revoked_reason": "REVOKED"}
    await add_session(db, user_id, **ended)
    # Of the day before, so that another can be asked for.
    before = clock.now() - timedelta(days=2)
    await add(
        db,
        DataExport,
        user_id=user_id,
        requested_at=before,
        ready_at=before,
        expires_at=clock.now() + timedelta(days=5),
        content=b"{}",
    )
    await add(db, SignInEvent, user_id=user_id, kind="SIGNED_IN", address=f"{secret}-address")
    await add(
        db,
        Passkey,
        user_id=user_id,
        credential_id=user_id.bytes,
        public_key=b"cose",
        sign_count=0,
        name=f"{secret}-passkey",
        last_used_at=clock.now(),
    )
    await add(
        db,
        StaffAction,
        subject_id=user_id,
        role="SYSTEM",
        kind=StaffActionKind.ROLE_CHANGED,
        new_role="USER",
        reason=f"{secret}-reason",
        request_id="r",
    )
    await add(
        db,
        PayoutAccount,
        user_id=user_id,
        provider="STRIPE",
        provider_account_id=f"acct_{user_id.hex}",
        status="ACTIVE",
    )
    await add(
        db,
        PayoutAccount,
        user_id=user_id,
        provider="PAYSTACK",
        provider_account_id=f"RCP_{user_id.hex}",
        status="ACTIVE",
        currency="GHS",
        label=f"{secret}-phone",
    )
    at_provider = {"provider": "google", "subject": user_id.hex}
    await add(db, Identity, user_id=user_id, email=f"{secret}-elsewhere", **at_provider)
    person = {"kind": "INDIVIDUAL", "born_on": date(1990, 1, 1)}
    business = {"kind": "BUSINESS", "registration_number": f"{secret}-number"}
    await add(
        db,
        HostDetails,
        user_id=user_id,
        legal_name=f"{secret}-legal",
        country="PT",
        terms_version="1",
        agreed_at=clock.now(),
        **(business if number % 2 else person),
    )
    world.actors[name] = Actor(user_id=user_id, role=role, session_id=session_id)
    own = frozenset({user_id})
    world.secrets |= {
        f"{secret}@": (own, True),
        f"{secret}-name": (own, True),
        f"{secret}-device": (own, True),
        f"{secret}-address": (own, True),
        f"{secret}-elsewhere": (own, False),
        phone: (own, False),
        f"{secret}-passkey": (own, False),
        f"{secret}-legal": (own, False),
        f"{secret}-number": (own, False),
    }


def latitude(number: int) -> float:
    return round(38.71234 + number, 5)


async def _add_places(db: Database, world: World) -> None:
    for number, (name, owner, status) in enumerate(
        (
            ("home", "host", "PUBLISHED"),
            ("other home", "other host", "PUBLISHED"),
            ("hidden", "host", "UNPUBLISHED"),
            ("draft", "other host", "DRAFT"),
        )
    ):
        world.places[name] = await add_property(
            db,
            world.user(owner),
            status=status,
            title=f"place-{number}",
            address=f"street-{number}-secret",
            postal_code=f"postal-{number}-secret",
            latitude=latitude(number),
            public_latitude=38.7 + number,
            weekend_price_minor=120_00,
            early_bird_days=90,
            last_minute_days=3,
            review_count=2,
            rating_sum=9,
            published_at=None if status == "DRAFT" else clock.now(),
        )


STAYS = {
    # Where, who, state, days from today, more.
    "confirmed": ("home", "guest", "CONFIRMED", 20),
    "unpaid": ("other home", "other guest", "PENDING_PAYMENT", 30),
    "past": ("hidden", "guest", "COMPLETED", -20),
    "cancelled": ("home", "other guest", "CANCELLED", 40),
    "other past": ("other home", "guest", "COMPLETED", -30),
}


async def _add_stays(db: Database, world: World) -> None:
    now = clock.now()
    hosts = {"home": "host", "hidden": "host", "other home": "other host", "draft": "other host"}
    for name, (place, guest, status, days) in STAYS.items():
        more: dict[str, Any] = {}
        if status == "CANCELLED":
            more = {
                "cancelled_at": now,
                "cancelled_by": "GUEST",
                "cancellation_reason": f"{word(name)}-why",
            }
        if status == "PENDING_PAYMENT":
            more = {"deadline_at": now + timedelta(minutes=15)}
        if status in ("CONFIRMED", "COMPLETED"):
            more = {"confirmed_at": now}
        sides = world.user(guest), world.user(hosts[place])
        booking = await add_booking(
            db,
            world.places[place],
            *sides,
            status=status,
            check_in=now.date() + timedelta(days=days),
            message=f"{word(name)}-message",
            version=2,
            **more,
        )
        world.bookings[name] = booking
        await add(
            db,
            BookingChange,
            booking_id=booking,
            version=2,
            status=status,
            previous_status="PENDING_PAYMENT",
            actor="GUEST",
            actor_id=sides[0],
            reason=f"{word(name)}-step",
            occurred_at=now,
        )
        both = frozenset(sides)
        for kind in ("message", "why", "step"):
            world.secrets[f"{word(name)}-{kind}"] = (both, True)
        if status == "COMPLETED":
            await add_review(db, world.places[place], sides[1], sides[0], booking_id=booking)
    for number, (place, guests) in enumerate(
        (("home", {"guest"}), ("other home", set()), ("hidden", set()), ("draft", set()))
    ):
        stay = frozenset({world.user(hosts[place]), *map(world.user, guests)})
        for secret in (f"street-{number}-secret", f"postal-{number}-secret", latitude(number)):
            world.secrets[str(secret)] = (stay, False)


async def _add_exchanges(db: Database, world: World) -> None:
    """Another site's calendar of each of two places, which has a stay that is booked here too."""
    now = clock.now()
    for place, owner, days in (("home", "host", 20), ("other home", "other host", 30)):
        secret, host = word(f"{place} calendar"), world.user(owner)
        await add(db, CalendarFeed, property_id=world.places[place], token=f"{secret}-token")
        import_id = await add(
            db,
            CalendarImport,
            property_id=world.places[place],
            name=f"{secret}-name",
            url=f"https://calendars.example/{secret}-url",
            due_at=now,
            synced_at=now,
            failure="NOT_FOUND",
        )
        await add(
            db,
            ImportedStay,
            import_id=import_id,
            uid="1",
            starts_on=now.date() + timedelta(days=days),
            ends_on=now.date() + timedelta(days=days + 1),
            summary=f"{secret}-stay",
        )
        await add(db, CalendarSync, import_id=import_id, failure="NOT_FOUND", finished_at=now)
        for name in ("token", "name", "url", "stay"):
            world.secrets[f"{secret}-{name}"] = (frozenset({host}), False)


async def _add_money(db: Database, world: World) -> None:
    async with db.read() as connection:
        found = {row.id: row for row in await connection.execute(select(Booking.__table__))}
    for name, booking_id in world.bookings.items():
        booking = found[booking_id]
        pending = booking.status == "PENDING_PAYMENT"
        await add(
            db,
            Payment,
            booking_id=booking_id,
            attempt=1,
            provider="STRIPE",
            provider_payment_id=f"pi_{booking_id.hex}",
            method="CARD",
            status="PENDING" if pending else "PAID",
            amount_minor=300_00,
            currency="EUR",
            guest_id=booking.guest_id,
            host_id=booking.host_id,
            host_minor=291_00,
            platform_minor=9_00,
            tax_minor=0,
            captured_minor=0 if pending else 300_00,
            paid_at=None if pending else clock.now(),
            manual_capture=False,
            client_secret=f"{word(name)}-client",
            redirect_url=f"https://pay.example/{word(name)}-page",
            failure_code=f"{word(name)}-failure",
        )
        guest = frozenset({booking.guest_id})
        world.secrets[f"{word(name)}-client"] = (guest, False)
        world.secrets[f"{word(name)}-page"] = (guest, False)
        world.secrets[f"{word(name)}-failure"] = (guest, True)
    for name, stay, status in (("host", "past", "FAILED"), ("other host", "other past", "PAID")):
        payout = await add(
            db,
            Payout,
            host_id=world.user(name),
            provider="STRIPE",
            currency="EUR",
            amount_minor=100,
            status=status,
            paid_at=clock.now() if status == "PAID" else None,
            failure_code=f"{word(stay)}-payout",
        )
        await add(
            db, PayoutItem, payout_id=payout, booking_id=world.bookings[stay], amount_minor=100
        )
        world.secrets[f"{word(stay)}-payout"] = (frozenset({world.user(name)}), False)


async def things(db: Database) -> dict[str, Thing]:
    """Everything that has an id, as the tables say it."""
    async with db.read() as connection:

        async def rows(model: type[Base]) -> list[Any]:
            return list(await connection.execute(select(model.__table__)))

        stays = await rows(Booking)
        places = {row.id: _place(row, stays) for row in await rows(Property)}
        found = [_thing("Property", key, **whose) for key, whose in places.items()]
        for photo in await rows(PropertyPhoto):
            found += [_thing("Photo", photo.id, **places[photo.property_id])]
        for each in await rows(CalendarImport):
            host = places[each.property_id]["host"]
            found.append(_thing("CalendarImport", each.id, host=host))
        for kind, model, sides in WHOSE:
            for row in await rows(model):
                whose = {side: getattr(row, column) for side, column in sides.items()}
                found.append(_thing(kind, row.id, **whose))
    return {each.id: each for each in found}


WHOSE: tuple[tuple[str, type[Base], dict[str, str]], ...] = (
    ("User", User, {"owner": "id"}),
    ("Booking", Booking, {"guest": "guest_id", "host": "host_id"}),
    ("Payment", Payment, {"guest": "guest_id", "host": "host_id"}),
    ("Review", Review, {"guest": "author_id"}),
    ("Payout", Payout, {"owner": "host_id"}),
    ("PayoutAccount", PayoutAccount, {"owner": "user_id"}),
    ("SignInSession", SignInSession, {"owner": "user_id"}),
    ("SignInEvent", SignInEvent, {"owner": "user_id"}),
    ("Identity", Identity, {"owner": "user_id"}),
    ("Passkey", Passkey, {"owner": "user_id"}),
    ("DataExport", DataExport, {"owner": "user_id"}),
)


def _place(row: Any, stays: list[Any]) -> dict[str, Any]:
    """Whose a property is, who stays there, and who may see it when it is not published."""
    here = [each for each in stays if each.property_id == row.id]
    now = clock.now()
    return {
        "host": row.host_id,
        "staying": frozenset(
            each.guest_id for each in here if each.status == "CONFIRMED" and each.check_out_at > now
        ),
        "seen_by": None
        if row.status == "PUBLISHED"
        else frozenset({row.host_id, *(each.guest_id for each in here)}),
    }


def _thing(kind: str, key: UUID, **whose: Any) -> Thing:
    return Thing(kind=kind, id=ids.encode(kind, key), **whose)
