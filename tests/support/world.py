"""Rows that tests start from: people, published properties, bookings in any state."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select

from app import clock
from app.actor import Actor, Role
from app.identity.hosting import TERMS_VERSION
from app.ids import new_id
from db.enums import (
    AlterationStatus,
    BookingActor,
    BookingStatus,
    CancellationPolicy,
    PaymentMethod,
    PropertyType,
)
from db.models import (
    Booking,
    BookingAlteration,
    BookingChange,
    OccupiedNight,
    Property,
    PropertyPhoto,
    Review,
    SignInSession,
    User,
)
from db.session import Database

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)

# What somebody tells to become a host, as GraphQL writes it.
HOST_FACTS = f"""{{kind: INDIVIDUAL, legalName: "Hedwig Kiesler", country: "AT",
  phone: "+43 1 5811811", dateOfBirth: "1984-11-09", termsVersion: "{TERMS_VERSION}"}}"""


async def add_user(db: Database, **columns: Any) -> UUID:
    """Insert a person with a verified address; a host when `is_host=True`."""
    user_id = new_id()
    name = f"u{user_id.hex[-12:]}"
    row: dict[str, Any] = {
        "id": user_id,
        "email": f"{name}@example.com",
        "username": name,
        "first_name": "Ada",
        "last_name": "Lovelace",
        "email_verified_at": NOW,
    } | columns
    if row.get("is_host"):
        row.setdefault("host_since_at", NOW)
    async with db.transaction() as session:
        await session.execute(insert(User).values(row))
    return user_id


async def add_host(db: Database, **columns: Any) -> UUID:
    """Insert a host."""
    return await add_user(db, **({"is_host": True, "first_name": "Hedy"} | columns))


async def add_review(
    db: Database, property_id: UUID, host_id: UUID, author_id: UUID, **columns: Any
) -> UUID:
    """Insert a completed stay and the guest's review of it; the property's sums stay as they are.

    Each on days of its own.
    """
    check_in = columns.pop("check_in", (NOW - timedelta(days=300)).date())
    booking_id = columns.pop("booking_id", None) or await add_booking(
        db, property_id, author_id, host_id, status="COMPLETED", check_in=check_in
    )
    review_id = new_id()
    row: dict[str, Any] = {
        "id": review_id,
        "booking_id": booking_id,
        "property_id": property_id,
        "host_id": host_id,
        "author_id": author_id,
        "rating": 5,
        "comment": "Good",
    } | columns
    async with db.transaction() as session:
        await session.execute(insert(Review).values(row))
    return review_id


async def add_session(db: Database, user_id: UUID, **columns: Any) -> UUID:
    """Insert an open sign-in session."""
    session_id = new_id()
    row = {"id": session_id, "user_id": user_id, "expires_at": clock.now() + timedelta(days=1)}
    async with db.transaction() as session:
        await session.execute(insert(SignInSession).values(row | columns))
    return session_id


async def add_staff(db: Database, role: Role, **columns: Any) -> Actor:
    """Insert a member of staff, who is signed in."""
    user_id = await add_user(db, **({"role": role, "first_name": "Grace"} | columns))
    return Actor(user_id=user_id, role=role, session_id=await add_session(db, user_id))


async def add_property(db: Database, host_id: UUID, **columns: Any) -> UUID:
    """Insert a published property in Lisbon, instantly bookable for 100.00 EUR a night."""
    property_id = new_id()
    row: dict[str, Any] = {
        "id": property_id,
        "host_id": host_id,
        "status": "PUBLISHED",
        "title": "Tiled flat in Alfama",
        "description": "Two quiet rooms above the river, with a balcony.",
        "type": PropertyType.APARTMENT,
        "address": "Rua dos Remédios 1",
        "postal_code": "1100-442",
        "city": "Lisbon",
        "country": "PT",
        "latitude": 38.7118,
        "longitude": -9.1272,
        "public_latitude": 38.7140,
        "public_longitude": -9.1250,
        "timezone": "Europe/Lisbon",
        "max_guests": 4,
        "guests_included": 4,
        "currency": "EUR",
        "base_price_minor": 100_00,
        "published_at": NOW,
    } | columns
    async with db.transaction() as session:
        await session.execute(insert(Property).values(row))
    await add_photo(db, property_id)
    return property_id


async def add_photo(db: Database, property_id: UUID, **columns: Any) -> UUID:
    """Insert a photo, the first unless `position` says otherwise."""
    photo_id = new_id()
    row: dict[str, Any] = {
        "id": photo_id,
        "property_id": property_id,
        "position": 0,
        "url": "/media/demo/1.svg",
        "width": 1200,
        "height": 800,
    } | columns
    async with db.transaction() as session:
        await session.execute(insert(PropertyPhoto).values(row))
    return photo_id


async def add_alteration(db: Database, booking_id: UUID, **columns: Any) -> UUID:
    """Insert an alteration of a booking that leaves it as it is (default: OPEN, by the guest).

    Writes the row alone.
    """
    alteration_id = new_id()
    guests = ("adults", "children", "infants", "pets")
    same = (
        *("check_in", "check_out", "check_in_at", "check_out_at", *guests),
        *("currency", "total_minor", "host_payout_minor", "tax_minor", "promotion_minor"),
        *("line_items", "night_prices"),
    )
    differences = ("", "host_", "tax_", "promotion_")
    async with db.transaction() as session:
        table = Booking.__table__
        booking = (await session.execute(select(table).where(table.c.id == booking_id))).one()
        row: dict[str, Any] = {
            **{name: getattr(booking, name) for name in same},
            **{f"{part}difference_minor": 0 for part in differences},
            "id": alteration_id,
            "booking_id": booking_id,
            "proposed_by": BookingActor.GUEST,
            "status": AlterationStatus.OPEN,
            "previous": {
                "check_in": str(booking.check_in),
                "check_out": str(booking.check_out),
                "guests": {name: getattr(booking, name) for name in guests},
                "total_minor": booking.total_minor,
            },
            "expires_at": clock.now() + timedelta(hours=24),
        } | columns
        await session.execute(insert(BookingAlteration).values(row))
    return alteration_id


async def add_booking(
    db: Database, property_id: UUID, guest_id: UUID, host_id: UUID, **columns: Any
) -> UUID:
    """Insert a booking in the state that `status` names (default CONFIRMED), with its nights.

    Writes the rows alone: no payment, no ledger, no outbox.
    """
    booking_id = new_id()
    check_in: date = columns.pop("check_in", (NOW + timedelta(days=30)).date())
    check_out: date = columns.pop("check_out", check_in + timedelta(days=3))
    nights = (check_out - check_in).days
    total = nights * 100_00
    row: dict[str, Any] = {
        "id": booking_id,
        "property_id": property_id,
        "guest_id": guest_id,
        "host_id": host_id,
        "status": BookingStatus.CONFIRMED,
        "version": 1,
        "check_in": check_in,
        "check_out": check_out,
        "check_in_at": datetime.combine(check_in, datetime.min.time(), UTC) + timedelta(hours=14),
        "check_out_at": datetime.combine(check_out, datetime.min.time(), UTC) + timedelta(hours=10),
        "timezone": "Europe/Lisbon",
        "adults": 2,
        "children": 0,
        "infants": 0,
        "pets": 0,
        "currency": "EUR",
        "total_minor": total,
        "host_payout_minor": total * 97 // 100,
        "tax_minor": 0,
        "line_items": [
            {
                "kind": "NIGHTS",
                "description": "Nights",
                "quantity": nights,
                "unit_minor": 100_00,
                "amount_minor": total,
            }
        ],
        "price_terms": {
            "currency": "EUR",
            "base_price_minor": 100_00,
            "guest_fee_bp": 0,
            "host_fee_bp": 300,
        },
        "night_prices": [100_00] * nights,
        "guest_fee_bp": 0,
        "host_fee_bp": 300,
        "cancellation_policy": CancellationPolicy.FLEXIBLE,
        "instant_book": True,
        "payment_method": PaymentMethod.CARD,
    } | columns
    kind = "HOLD" if row["status"] == BookingStatus.PENDING_PAYMENT else "BOOKING"
    gone = row["status"] in ("CANCELLED", "DECLINED", "EXPIRED")
    async with db.transaction() as session:
        await session.execute(insert(Booking).values(row))
        await session.execute(
            insert(BookingChange).values(
                booking_id=booking_id,
                version=1,
                status=row["status"],
                actor=BookingActor.GUEST,
                actor_id=guest_id,
                occurred_at=NOW,
            )
        )
        if not gone:
            expires = row.get("deadline_at") or NOW + timedelta(minutes=15)
            await session.execute(
                insert(OccupiedNight),
                [
                    {
                        "property_id": property_id,
                        "night": check_in + timedelta(days=offset),
                        "kind": kind,
                        "booking_id": booking_id,
                        "hold_expires_at": expires if kind == "HOLD" else None,
                    }
                    for offset in range(nights)
                ],
            )
    return booking_id
