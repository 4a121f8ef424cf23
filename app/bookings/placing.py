"""Placing a booking: nights held, price agreed, payment opened, in one transaction.

Lock order everywhere in this package: idempotency key, property, booking, payment.
"""

from datetime import date, datetime
from uuid import UUID

import msgspec
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app import clock, idempotency
from app.actor import Actor
from app.availability import rules as availability_rules
from app.availability import service as availability
from app.availability.errors import DatesUnavailable, StayNotAllowed
from app.availability.rules import StayNotAllowedReason, instant
from app.bookings.errors import PriceChanged
from app.bookings.events import BookingRequested
from app.bookings.expiry import expire_lapsed
from app.bookings.lifecycle import TRANSITIONS, Action, answer_deadline, hold_deadline
from app.bookings.transitions import record
from app.config import Settings
from app.identity import accounts
from app.ids import new_id
from app.line_items import line_items_to_builtins
from app.money import Money
from app.outbox import emit
from app.payments import choice
from app.payments import service as payments
from app.payments.rules import PaymentRecord
from app.pricing.rules import Guests, Quote, night_prices
from app.pricing.service import price
from app.promotions import service as promotions
from app.promotions.rules import Found
from app.properties import service as properties
from app.properties.terms import BookableProperty, fees_of
from app.text import plain_text
from db.enums import BookingActor, PaymentMethod
from db.models import Booking
from db.session import Database

# The name under which idempotency keys of bookings are kept.
OPERATION = "createBooking"
MESSAGE_LENGTH = 2_000


class CreateBooking(msgspec.Struct, frozen=True, kw_only=True):
    """What a guest asks for. `expected_total` is what they were shown, never what is charged."""

    property_id: UUID
    check_in: date
    check_out: date
    guests: Guests
    expected_total: Money
    idempotency_key: str
    payment_method: PaymentMethod = PaymentMethod.CARD
    message: str = ""
    promotion_code: str | None = None


class Placed(msgspec.Struct, frozen=True):
    """The booking of a request, and its payment as it was opened.

    None for the payment: an earlier request under the key had placed the booking.
    """

    booking_id: UUID
    payment: PaymentRecord | None


async def refuse_early(db: Database, actor: Actor, command: CreateBooking) -> None:
    """Raise DatesUnavailable for nights that are plainly taken, at the price of one look.

    Of many who want the same nights, all but the first end here, without a transaction or a lock.
    What passes is not promised anything: `place` decides. A request sent again passes, too.
    """
    nights = (command.check_out - command.check_in).days
    if not 1 <= nights <= availability_rules.MAX_NIGHTS:
        return
    now = clock.now()
    taken = await availability.taken(
        db, command.property_id, command.check_in, command.check_out, now
    )
    if not taken:
        return
    async with db.read() as connection:
        is_known = await idempotency.is_used(
            connection, actor.require_user(), OPERATION, command.idempotency_key
        )
    if not is_known:
        raise DatesUnavailable(taken)


async def place(
    session: AsyncSession, actor: Actor, command: CreateBooking, settings: Settings
) -> Placed:
    """Hold the nights for the guest and open the payment, or find what the key's twin placed.

    A request with a method that cannot authorise opens none: the guest pays once it is accepted.
    Raises EmailNotVerified, Invalid, IdempotencyConflict, PropertyNotBookable, StayNotAllowed,
    DatesUnavailable, PromotionRefused and PriceChanged; each leaves nothing behind.
    """
    guest_id = actor.require_user()
    await accounts.require_verified(session, guest_id)
    message = plain_text(command.message, "message", 0, MESSAGE_LENGTH)
    booking_id = new_id()
    earlier = await idempotency.claim(
        session,
        actor_id=guest_id,
        operation=OPERATION,
        key=command.idempotency_key,
        request=command,
        subject_id=booking_id,
    )
    if earlier is not None:
        return Placed(earlier, payment=None)
    property = await properties.lock_for_booking(
        session, command.property_id, command.check_in, command.check_out, fees_of(settings)
    )
    offer = _require_bookable(property, guest_id, command, settings)
    action = Action.HOLD if property.instant_book or offer.can_authorize else Action.REQUEST
    deadline = _deadline(action, property, command, settings)
    await _claim_nights(session, property, booking_id, command, deadline)
    quote, code = await _price(session, guest_id, property, command)
    if Money(quote.total_minor, quote.currency) != command.expected_total:
        raise PriceChanged(quote)
    if code is not None:
        await promotions.claim(session, code, guest_id)
    await _insert(
        session, booking_id, guest_id, property, command, message, quote, code, action, deadline
    )
    if action is Action.REQUEST:
        await emit(session, BookingRequested(booking_id=booking_id, version=1))
        return Placed(booking_id, payment=None)
    payment = await payments.open_payment(
        session,
        booking_id=booking_id,
        guest_id=guest_id,
        host_id=property.host_id,
        attempt=1,
        provider=offer.provider,
        method=command.payment_method,
        amount=Money(quote.total_minor, quote.currency),
        host_minor=quote.host_payout_minor,
        platform_minor=quote.platform_minor,
        tax_minor=quote.tax_minor,
        promotion_minor=quote.promotion_minor,
        line_items=quote.line_items,
        manual_capture=not property.instant_book,
        now=property.now,
    )
    return Placed(booking_id, payment)


def _require_bookable(
    property: BookableProperty, guest_id: UUID, command: CreateBooking, settings: Settings
) -> choice.Offer:
    """Who takes the money of a stay that can be booked. Raises what `place` raises."""
    availability.require_allowed(
        property, command.check_in, command.check_out, command.guests, property.now
    )
    if property.host_id == guest_id:
        raise StayNotAllowed(StayNotAllowedReason.OWN_PROPERTY)
    offer = choice.choose(
        choice.configured(settings), command.payment_method, property.price.currency
    )
    if offer is None:
        raise StayNotAllowed(StayNotAllowedReason.PAYMENT_METHOD_NOT_SUPPORTED)
    return offer


def _deadline(
    action: Action, property: BookableProperty, command: CreateBooking, settings: Settings
) -> datetime:
    """Until when the guest can pay, or the host answer."""
    if action is Action.HOLD:
        return hold_deadline(property.now, settings.hold_seconds)
    stay = property.stay
    check_in_at = instant(command.check_in, stay.check_in_time, stay.timezone)
    return answer_deadline(property.now, check_in_at, settings.request_seconds)


async def _claim_nights(
    session: AsyncSession,
    property: BookableProperty,
    booking_id: UUID,
    command: CreateBooking,
    deadline: datetime,
) -> None:
    gap = property.stay.preparation_days
    check_in, check_out, now = command.check_in, command.check_out, property.now
    found = await expire_lapsed(session, property.id, check_in, check_out, gap, now)
    await availability.claim(
        session, property.id, booking_id, check_in, check_out, gap, now, deadline, found
    )


async def _price(
    session: AsyncSession, guest_id: UUID, property: BookableProperty, command: CreateBooking
) -> tuple[Quote, Found | None]:
    """What it costs, and the code that it is booked with. Raises PromotionRefused."""
    stay = (command.check_in, command.check_out, command.guests, property.now)
    quote = price(property, *stay)
    if command.promotion_code is None:
        return quote, None
    today = property.local_date(property.now)
    code = await promotions.require(
        session,
        command.promotion_code,
        property.id,
        property.host_id,
        guest_id,
        quote,
        today,
    )
    return price(property, *stay, code.promotion), code


async def _insert(
    session: AsyncSession,
    booking_id: UUID,
    guest_id: UUID,
    property: BookableProperty,
    command: CreateBooking,
    message: str,
    quote: Quote,
    code: Found | None,
    action: Action,
    deadline: datetime,
) -> None:
    """The booking with its price and policy as they are now: later edits do not touch it."""
    stay = property.stay
    await session.execute(
        insert(Booking).values(
            id=booking_id,
            property_id=property.id,
            guest_id=guest_id,
            host_id=property.host_id,
            status=TRANSITIONS[action].target,
            version=1,
            check_in=command.check_in,
            check_out=command.check_out,
            check_in_at=instant(command.check_in, stay.check_in_time, stay.timezone),
            check_out_at=instant(command.check_out, stay.check_out_time, stay.timezone),
            timezone=stay.timezone,
            adults=command.guests.adults,
            children=command.guests.children,
            infants=command.guests.infants,
            pets=command.guests.pets,
            message=message,
            currency=quote.currency,
            total_minor=quote.total_minor,
            host_payout_minor=quote.host_payout_minor,
            tax_minor=quote.tax_minor,
            promotion_minor=quote.promotion_minor,
            promotion_id=None if code is None else code.id,
            line_items=line_items_to_builtins(quote.line_items),
            price_terms=msgspec.to_builtins(property.price),
            night_prices=night_prices(
                property.price, property.night_prices, command.check_in, command.check_out
            ),
            guest_fee_bp=quote.guest_fee_bp,
            host_fee_bp=quote.host_fee_bp,
            cancellation_policy=property.cancellation_policy,
            instant_book=property.instant_book,
            payment_method=command.payment_method,
            deadline_at=deadline,
            created_at=property.now,
            updated_at=property.now,
        )
    )
    await record(
        session,
        booking_id,
        property.host_id,
        version=1,
        action=action,
        actor=BookingActor.GUEST,
        actor_id=guest_id,
        previous=None,
        now=property.now,
    )
