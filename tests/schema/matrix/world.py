"""Two guests, two hosts, staff, and something of everything that can be theirs."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import insert, select, update

from app import clock
from app.accounting.rules import Draft
from app.actor import ANONYMOUS, Actor, Role
from app.currencies.flows import store
from app.currencies.sources import DayRates
from app.gazetteer import places as gazetteer
from app.ids import new_id
from app.ledger import rules as entries
from app.ledger import service as ledger
from app.ledger.rules import Shares, Tax
from db.base import Base
from db.enums import DocumentKind, LineItemKind, PaymentProvider, Side, StaffActionKind
from db.models import (
    Booking,
    BookingAlteration,
    BookingChange,
    CalendarFeed,
    CalendarImport,
    CalendarSync,
    CheckInGuide,
    CoHost,
    DataExport,
    Difference,
    Dispute,
    Document,
    HostCancellation,
    HostDetails,
    Identity,
    ImportedStay,
    Passkey,
    Payment,
    Payout,
    PayoutAccount,
    PayoutItem,
    Promotion,
    Property,
    PropertyPhoto,
    PropertyPhotoUpload,
    PropertyTax,
    PropertyTranslation,
    Reconciliation,
    Refund,
    Review,
    SavedSearch,
    SignInEvent,
    SignInSession,
    StaffAction,
    User,
    ViewedProperty,
    Wishlist,
    WishlistItem,
)
from db.session import Database
from schema import ids
from tests.accounting import paper
from tests.support.money import line
from tests.support.world import (
    add_alteration,
    add_booking,
    add_photo,
    add_property,
    add_review,
    add_session,
    add_user,
)

# When stays were paid, by the books.
BOOKED = datetime(2026, 5, 10, 12, tzinfo=UTC)
STAFF = (Role.SUPPORT, Role.ADMIN)
# Who helps the host, with all that is theirs.
HELPERS = {"co-host": "ALL", "calendar co-host": "CALENDAR"}
ROLES = {"support": Role.SUPPORT, "admin": Role.ADMIN}
NAMES = ("guest", "other guest", "host", "other host", "support", "admin", *HELPERS)


class Thing(msgspec.Struct, frozen=True, kw_only=True):
    """An object with an id, and whose it is in which way."""

    kind: str
    id: str
    owner: UUID | None = None
    guest: UUID | None = None
    host: UUID | None = None
    # Who stays there.
    staying: frozenset[UUID] = frozenset()
    # Who helps the host, for everything or with the calendar.
    helpers: frozenset[UUID] = frozenset()
    calendar: frozenset[UUID] = frozenset()
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


WITHOUT_ID = (
    CheckInGuide,
    PropertyTranslation,
    HostCancellation,
    HostDetails,
    PayoutItem,
    BookingChange,
    CalendarFeed,
    ImportedStay,
    ViewedProperty,
)


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
    await _add_uploads(db, world)
    await _add_money(db, world)
    await _add_saved(db, world)
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
        requirements=[
            {"code": f"{secret}-asked", "state": "DUE", "problem": f"{secret}-problem"},
        ],
        due_by=clock.now(),
        disabled_reason="under_review",
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
            ("asleep", "host", "SNOOZED"),
        )
    ):
        world.places[name] = await add_property(
            db,
            world.user(owner),
            status=status,
            title=f"place-{number}",
            amenities=["WIFI"],
            address=f"street-{number}-secret",
            unit=f"unit-{number}-secret",
            quiet_from=time(22),
            quiet_to=time(7),
            check_in_method="KEY_BOX",
            postal_code=f"postal-{number}-secret",
            latitude=latitude(number),
            public_latitude=38.7 + number,
            weekend_price_minor=120_00,
            early_bird_days=90,
            last_minute_days=3,
            review_count=2,
            rating_sum=9,
            published_at=None if status == "DRAFT" else clock.now(),
            snoozed_until=clock.now().date() + timedelta(days=9) if status == "SNOOZED" else None,
        )
        taxed = {"property_id": world.places[name], "max_nights": 7}
        await add(db, PropertyTax, name="a", kind="PERCENTAGE", rate_bp=1, **taxed)
        await add(db, PropertyTax, name="b", kind="PER_GUEST_NIGHT", amount_minor=1, **taxed)


async def _add_promotions(db: Database, world: World) -> None:
    """Two codes of each host's and of the platform's: of a rate, and of an amount."""
    day, limits = clock.now().date(), {"min_nights": 1, "max_uses": 5, "max_uses_per_guest": 1}
    windows = {"stays_from": day, "bookings_from": day}
    windows |= {name.replace("from", "to"): day + timedelta(days=9) for name in windows}
    for name in ("host", "other host", None):
        host_id = None if name is None else world.user(name)
        whose = word(name or "house").upper()
        code = f"{whose}-CODE"
        home = [world.places["other home" if name == "other host" else "home"]]
        for what in ("rate_bp", "amount_minor"):
            await add(
                db,
                Promotion,
                host_id=host_id,
                code=f"{code}-{what}",
                property_ids=home,
                ended_at=clock.now(),
                min_amount_minor=1,
                currency="EUR",
                **limits,
                **windows,
                **{what: 100},
            )
        world.secrets[code] = (frozenset([] if host_id is None else [host_id]), True)


STAYS = {
    # Where, who, state, days from today, more.
    "confirmed": ("home", "guest", "CONFIRMED", 20),
    "unpaid": ("other home", "other guest", "PENDING_PAYMENT", 30),
    "past": ("hidden", "guest", "COMPLETED", -20),
    "cancelled": ("home", "other guest", "CANCELLED", 40),
    "other past": ("other home", "guest", "COMPLETED", -30),
}


# Of which something else was once wanted.
ALTERED = ("past", "other past")


async def _add_stays(db: Database, world: World) -> None:
    now = clock.now()
    hosts = dict.fromkeys(("home", "hidden", "asleep"), "host")
    hosts |= dict.fromkeys(("other home", "draft"), "other host")
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
            version=3 if name in ALTERED else 2,
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
        if name in ALTERED:
            await _add_alteration(db, world, name, sides)
        both = frozenset({*sides, *([world.user("co-host")] if hosts[place] == "host" else [])})
        for kind in ("message", "why", "step", "alteration"):
            world.secrets[f"{word(name)}-{kind}"] = (both, True)
        if status == "COMPLETED":
            await add_review(db, world.places[place], sides[1], sides[0], booking_id=booking)
    await _add_helpers(db, world)
    helpers = {"host": {world.user("co-host")}}
    for number, (place, guests) in enumerate(
        (
            ("home", {"guest"}),
            ("other home", set()),
            ("hidden", set()),
            ("draft", set()),
            ("asleep", set()),
        )
    ):
        stay = frozenset(
            {
                world.user(hosts[place]),
                *map(world.user, guests),
                *helpers.get(hosts[place], ()),
            }
        )
        guide = {
            name: f"{name}-{number}-secret"
            for name in ("instructions", "access_code", "wifi_name", "wifi_password")
        }
        await add(db, CheckInGuide, property_id=world.places[place], **guide)
        words = {"language": "pt", "title": f"casa-{number}", "description": "Duas salas."}
        await add(db, PropertyTranslation, property_id=world.places[place], **words)
        told = (f"{name}-{number}-secret" for name in ("street", "unit", "postal"))
        for secret in (*told, *guide.values(), latitude(number)):
            world.secrets[str(secret)] = (stay, False)


async def _add_alteration(db: Database, world: World, name: str, sides: tuple[UUID, UUID]) -> None:
    """Proposed once and declined, after a try to pay for it."""
    booking, now = world.bookings[name], clock.now()
    alteration = await add_alteration(
        db, booking, status="DECLINED", settled_at=now, message=f"{word(name)}-alteration"
    )
    await add(
        db,
        BookingChange,
        booking_id=booking,
        version=3,
        status="CONFIRMED",
        previous_status="CONFIRMED",
        actor="HOST",
        actor_id=sides[1],
        alteration_id=alteration,
        alteration_status="DECLINED",
        occurred_at=now,
    )
    await add(
        db,
        Payment,
        booking_id=booking,
        alteration_id=alteration,
        attempt=2,
        provider="STRIPE",
        method="CARD",
        status="FAILED",
        amount_minor=1,
        currency="EUR",
        guest_id=sides[0],
        host_id=sides[1],
        host_minor=1,
        platform_minor=0,
        tax_minor=0,
        manual_capture=True,
    )


async def _add_helpers(db: Database, world: World) -> None:
    """Two who help the host, and an invitation to each of two places that nobody has accepted."""
    for place in ("home", "hidden"):
        await help_with(db, world, world.places[place])
    for place, owner in (("home", "host"), ("other home", "other host")):
        address = f"{word(f'{place} help')}@example.com"
        await add(
            db,
            CoHost,
            property_id=world.places[place],
            email=address,
            rights=["MESSAGES"],
            expires_at=clock.now() + timedelta(days=1),
        )
        world.secrets[address] = (frozenset({world.user(owner)}), False)


async def help_with(db: Database, world: World, place: UUID) -> None:
    """Both help with the place."""
    now = clock.now()
    for name, right in HELPERS.items():
        joined = {"user_id": world.user(name), "accepted_at": now}
        await add(db, CoHost, property_id=place, rights=[right], **joined)


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
            whose = {host, *(map(world.user, HELPERS) if owner == "host" else ())}
            world.secrets[f"{secret}-{name}"] = (frozenset(whose), False)


async def _add_saved(db: Database, world: World) -> None:
    """Two people's lists: each with a place, and a hidden one; one of them is shared."""
    now = clock.now()
    for name, place in (("guest", "home"), ("other host", "other home")):
        secret, user = word(f"{name} list"), world.user(name)
        shared = {"share_token": f"{secret}-token"}
        wishlist = await add(db, Wishlist, user_id=user, name=f"list-of-{name}", **shared)
        for number, kept in enumerate((place, "hidden")):
            await add(
                db,
                WishlistItem,
                wishlist_id=wishlist,
                user_id=user,
                property_id=world.places[kept],
                note=f"{secret}-note-{number}",
                check_in=now.date() + timedelta(days=5),
                check_out=now.date() + timedelta(days=7),
                adults=2,
                children=0,
                infants=0,
                pets=0,
            )
        for kept in (place, "hidden"):
            viewed = {"property_id": world.places[kept], "viewed_at": now}
            await add(db, ViewedProperty, user_id=user, **viewed)
        search = {"name": f"{secret}-search", "asked": {"city": "Porto"}, "wanted": {}}
        await add(db, SavedSearch, user_id=user, **search)
        for kind in ("token", "note-0", "note-1", "search"):
            world.secrets[f"{secret}-{kind}"] = (frozenset({user}), False)


async def _add_uploads(db: Database, world: World) -> None:
    """A file that became a photo, and one that did not, of each of two places."""
    now = clock.now()
    for place in ("home", "other home"):
        url = f"/media/photos/{new_id().hex}-1920.webp"
        photo: dict[str, Any] = {
            "property_id": world.places[place],
            "position": 1,
            "url": url,
        }
        made = await add_photo(db, placeholder="LEHV6nWB2yk8pyo0adR*.7kCMdnj", **photo)
        for more in (
            {"id": made, "status": "READY"},
            {"status": "FAILED", "failure": "UNREADABLE"},
        ):
            await add(
                db,
                PropertyPhotoUpload,
                caption="",
                size=1,
                expires_at=now,
                forget_at=now + timedelta(days=1),
                **photo,
                **more,
            )


async def add_difference(db: Database, **columns: Any) -> UUID:
    """A refund that somebody made by hand, and that holds payouts."""
    now = clock.now()
    row = {
        "provider": "STRIPE",
        "subject": "REFUND",
        "kind": "UNKNOWN_REFUND",
        "key": f"re_{new_id().hex}",
        "currency": "EUR",
        "ours": "nothing",
        "theirs": "SUCCEEDED 500 EUR",
        "ours_minor": 0,
        "theirs_minor": -5_00,
        "first_seen_at": now,
        "last_seen_at": now,
    }
    made: UUID = await add(db, Difference, **(row | columns))
    return made


async def _add_differences(db: Database, world: World) -> None:
    """What a provider says otherwise, and a comparison with it that is done."""
    now = clock.now()
    await add_difference(db)
    await add_difference(db, resolved_at=now, resolution="BOOKED")
    await add_difference(
        db,
        subject="CHARGE",
        object_id=new_id(),
        failure_code="refused",
        released_at=now,
        release_reason="Known.",
    )
    await add(
        db,
        Reconciliation,
        provider="STRIPE",
        since=now - timedelta(days=1),
        until=now,
        step="DONE",
        finished_at=now,
    )


async def _add_money(db: Database, world: World) -> None:
    await _add_promotions(db, world)
    await _add_differences(db, world)
    rates = DayRates(clock.now().date(), {"USD": Decimal("1.1")})
    await db.run(lambda session: store(session, rates, "static", clock.now()))
    async with db.read() as connection:
        found = {row.id: row for row in await connection.execute(select(Booking.__table__))}
    for name, booking_id in world.bookings.items():
        booking = found[booking_id]
        pending = booking.status == "PENDING_PAYMENT"
        payment = await add(
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
        if not pending:
            await add(
                db,
                Dispute,
                payment_id=payment,
                provider="STRIPE",
                provider_dispute_id=f"dp_{booking_id.hex}",
                status="WON",
                amount_minor=300_00,
                currency="EUR",
                reason="fraudulent",
                evidence_due_at=clock.now(),
                opened_at=clock.now(),
                settled_at=clock.now(),
            )
            await _post(db, booking, payment)
            await _add_documents(db, world, name, booking, payment)
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
            next_attempt_at=clock.now() + timedelta(days=1),
        )
        await add(
            db, PayoutItem, payout_id=payout, booking_id=world.bookings[stay], amount_minor=100
        )
        world.secrets[f"{word(stay)}-payout"] = (frozenset({world.user(name)}), False)
        async with db.transaction() as session:
            # Of this stay, something is still to be paid out.
            await session.execute(
                update(Booking)
                .where(Booking.id == world.bookings[stay])
                .values(payout_due_at=clock.now())
            )
            shares = Shares(host_minor=200_00, platform_minor=0, tax_minor=0)
            whose = (world.bookings[stay], world.user(name), PaymentProvider.STRIPE, "EUR")
            await ledger.post(session, entries.capture(payout, *whose, shares), clock.now())
            # And something is owed that no stay in this currency goes towards.
            debt = entries.cancellation_fee(whose[0], whose[1], "JPY", 50)
            await ledger.post(session, debt, clock.now())
        await add(
            db,
            HostCancellation,
            booking_id=world.bookings[stay],
            host_id=world.user(name),
            currency="EUR",
            fee_minor=50_00,
            cancelled_at=clock.now(),
            waived_at=clock.now(),
        )


async def _post(db: Database, booking: Any, payment: UUID) -> None:
    """What is in the books of a stay that was paid."""
    shares = Shares(
        host_minor=290_00,
        platform_minor=9_00,
        tax_minor=1_00,
        guest_fee_minor=4_00,
        taxes={Tax("PT", "Lisbon", "City tax"): 1_00},
    )
    stripe = PaymentProvider.STRIPE
    entry = entries.capture(payment, booking.id, booking.host_id, stripe, "EUR", shares)
    await db.run(lambda session: ledger.post(session, entry, BOOKED))


async def _add_documents(
    db: Database, world: World, name: str, booking: Any, payment: UUID
) -> None:
    """What was issued to both sides; of something, a part was given back."""
    refund = await add(
        db,
        Refund,
        payment_id=payment,
        reason="CANCELLATION",
        status="SUCCEEDED",
        amount_minor=1,
        host_minor=0,
        platform_minor=1,
        tax_minor=0,
    )
    corrects: dict[str, UUID] = {}
    for kind, side, amount in (
        ("RECEIPT", "GUEST", 300_00),
        ("INVOICE", "GUEST", 9_00),
        ("INVOICE", "HOST", 9_00),
        ("CREDIT_NOTE", "GUEST", -1),
        ("CREDIT_NOTE", "HOST", -1),
    ):
        secret = f"{word(name)}-{kind.lower()}-{side.lower()}"
        user_id = booking.guest_id if side == "GUEST" else booking.host_id
        taken = Draft(DocumentKind(kind), Side(side), (line(LineItemKind.TAX, amount, secret),))
        back = {"refund_id": refund, "corrects_id": corrects[side]} if amount < 0 else {}
        corrects[side] = await add(
            db,
            Document,
            issuer="Roost",
            number=f"{secret}-number",
            kind=kind,
            side=side,
            user_id=user_id,
            booking_id=booking.id,
            payment_id=payment,
            currency="EUR",
            total_minor=amount,
            content=msgspec.to_builtins(paper.content(taken.line_items)),
            issued_at=clock.now(),
            **back,
        )
        world.secrets[secret] = (frozenset({user_id}), False)


async def things(db: Database) -> dict[str, Thing]:
    """Everything that has an id, as the tables say it."""
    async with db.read() as connection:

        async def rows(model: type[Base]) -> list[Any]:
            return list(await connection.execute(select(model.__table__)))

        stays, helpers = await rows(Booking), await rows(CoHost)
        places = {row.id: _place(row, stays, helpers) for row in await rows(Property)}
        found = [_thing("Property", key, **whose) for key, whose in places.items()]
        for photo in await rows(PropertyPhoto):
            found += [_thing("Photo", photo.id, **places[photo.property_id])]
        for each in await rows(CalendarImport):
            found.append(_thing("CalendarImport", each.id, **_hosts(places[each.property_id])))
        for each in await rows(PropertyPhotoUpload):
            found.append(_thing("PhotoUpload", each.id, **_hosts(places[each.property_id])))
        for each in helpers:
            host = places[each.property_id]["host"]
            found.append(_thing("CoHost", each.id, host=host, owner=each.user_id))
        for stay in stays:
            whose = _hosts(places[stay.property_id]) | {"guest": stay.guest_id}
            found.append(_thing("Booking", stay.id, **whose))
        of = {stay.id: stay.property_id for stay in stays}
        by_guest = {stay.id: stay.guest_id for stay in stays}
        for each in await rows(BookingAlteration):
            whose = _hosts(places[of[each.booking_id]]) | {"guest": by_guest[each.booking_id]}
            found.append(_thing("BookingAlteration", each.id, **whose))
        for each in await rows(Payment):
            whose = _hosts(places[of[each.booking_id]]) | {"guest": each.guest_id}
            found.append(_thing("Payment", each.id, **whose))
        for kind, model, sides in WHOSE:
            for row in await rows(model):
                whose = {side: getattr(row, column) for side, column in sides.items()}
                found.append(_thing(kind, row.id, **whose))
    found += [_thing("Place", lisbon.id) for lisbon in gazetteer.find("Lisbon", 1)]
    return {each.id: each for each in found}


WHOSE: tuple[tuple[str, type[Base], dict[str, str]], ...] = (
    ("User", User, {"owner": "id"}),
    ("Review", Review, {"guest": "author_id"}),
    ("Payout", Payout, {"owner": "host_id"}),
    ("Document", Document, {"owner": "user_id"}),
    ("PayoutAccount", PayoutAccount, {"owner": "user_id"}),
    ("Promotion", Promotion, {"owner": "host_id"}),
    ("SignInSession", SignInSession, {"owner": "user_id"}),
    ("SignInEvent", SignInEvent, {"owner": "user_id"}),
    ("Identity", Identity, {"owner": "user_id"}),
    ("Passkey", Passkey, {"owner": "user_id"}),
    ("DataExport", DataExport, {"owner": "user_id"}),
    ("Wishlist", Wishlist, {"owner": "user_id"}),
    ("WishlistItem", WishlistItem, {"owner": "user_id"}),
    ("SavedSearch", SavedSearch, {"owner": "user_id"}),
)


def _hosts(place: dict[str, Any]) -> dict[str, Any]:
    """Who is on the host's side of a place."""
    return {name: place[name] for name in ("host", "helpers", "calendar")}


def _with(helpers: list[Any], place: UUID, right: str) -> frozenset[UUID]:
    """Who helps with a place by that right."""
    return frozenset(
        each.user_id
        for each in helpers
        if each.property_id == place and each.user_id is not None and right in each.rights
    )


def _place(row: Any, stays: list[Any], helpers: list[Any]) -> dict[str, Any]:
    """Whose a property is, who stays there, and who may see it when it is not published."""
    here = [each for each in stays if each.property_id == row.id]
    now = clock.now()
    help_here = {right: _with(helpers, row.id, right) for right in HELPERS.values()}
    return {
        "host": row.host_id,
        "helpers": help_here["ALL"],
        "calendar": help_here["CALENDAR"],
        "staying": frozenset(
            each.guest_id for each in here if each.status == "CONFIRMED" and each.check_out_at > now
        ),
        "seen_by": None
        if row.status == "PUBLISHED"
        else frozenset({row.host_id, *(each.guest_id for each in here)}.union(*help_here.values())),
    }


def _thing(kind: str, key: UUID, **whose: Any) -> Thing:
    return Thing(kind=kind, id=ids.encode(kind, key), **whose)
