"""What guests and hosts do about altering a booking, each in its caller's transaction.

Lock order as everywhere: idempotency key, property, booking, payment.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app import idempotency
from app.actor import Actor
from app.availability import service as availability
from app.availability.rules import nights
from app.bookings import service as bookings
from app.bookings.alterations import queries, rules, steps
from app.bookings.alterations.events import AlterationAgreed
from app.bookings.alterations.pricing import NO_FEES, price
from app.bookings.alterations.queries import AlterationRow
from app.bookings.alterations.rules import Agreed, Altered, Change
from app.bookings.errors import AlterationNotAllowed, BookingNotFound, Obstacle, PriceChanged
from app.bookings.expiry import expire_lapsed
from app.bookings.options import BookingAction
from app.bookings.transitions import booking_for_update
from app.config import Settings
from app.errors import NotFound
from app.identity import service as identity
from app.ids import new_id
from app.ledger.rules import Shares
from app.line_items import LineItem, line_items_from_builtins, line_items_to_builtins
from app.money import Money
from app.outbox import emit
from app.payments import choice
from app.payments import service as payments
from app.payments.errors import PaymentUnavailable
from app.payments.rules import TAKEN
from app.pricing.rules import Guests, Quote
from app.properties import service as properties
from app.properties.terms import BookableProperty
from app.text import plain_text
from db.enums import AlterationStatus, BookingActor, BookingStatus, PaymentMethod, PaymentStatus
from db.models import BookingAlteration

PROPOSE, ACCEPT = "proposeAlteration", "acceptAlteration"
MESSAGE_LENGTH = 1_000
S = AlterationStatus


class Propose(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody asks for; None: as it is. `expected_total` is what they were shown."""

    booking_id: UUID
    check_in: date | None
    check_out: date | None
    guests: Guests | None
    expected_total: Money
    idempotency_key: str
    message: str = ""

    @property
    def change(self) -> Change:
        return Change(check_in=self.check_in, check_out=self.check_out, guests=self.guests)


class Accept(msgspec.Struct, frozen=True, kw_only=True):
    """A yes to what was shown with `expected_total`."""

    alteration_id: UUID
    expected_total: Money
    idempotency_key: str


async def propose(
    session: AsyncSession, actor: Actor, command: Propose, settings: Settings
) -> UUID:
    """Offer the other side another stay, its extra nights held until they answer; returns its id.

    What a guest proposes and has to pay for is authorised meanwhile, where the method can. Raises
    BookingNotFound, AccountSuspended, AlterationNotAllowed, Invalid, IdempotencyConflict,
    PropertyNotBookable, StayNotAllowed, DatesUnavailable, PriceChanged; each leaves nothing behind.
    """
    message = plain_text(command.message, "message", 0, MESSAGE_LENGTH)
    alteration_id = new_id()
    earlier = await idempotency.claim(
        session,
        actor_id=actor.require_user(),
        operation=PROPOSE,
        key=command.idempotency_key,
        request=command,
        subject_id=alteration_id,
    )
    if earlier is not None:
        return earlier
    await identity.require_active(session, actor.require_user())
    place = await queries.place_of(session, command.booking_id)
    if place is None:
        raise BookingNotFound
    first = min(place.check_in, command.check_in or place.check_in)
    last = max(place.check_out, command.check_out or place.check_out)
    property = await properties.lock_for_booking(session, place.property_id, first, last, NO_FEES)
    now = property.now
    booking, by = await bookings.acting(session, actor, command.booking_id)
    if await steps.end_lapsed(session, booking, now):
        booking = await booking_for_update(session, booking.id)
    live = await steps.live(session, booking.id)
    _require(booking, live, BookingAction.PROPOSE_ALTERATION, by, now)
    await _require_seldom(session, booking)
    agreed = await queries.agreed(session, booking.id)
    altered = price(agreed, command.change, property, now)
    until = rules.deadline(
        agreed, altered.check_in_at, altered.check_out_at, now, settings.request_seconds
    )
    if until <= now:
        raise AlterationNotAllowed(BookingStatus(booking.status), Obstacle.TIME_IS_OVER)
    await _hold(session, property, booking.id, altered, until)
    if Money(altered.quote.total_minor, agreed.currency) != command.expected_total:
        raise PriceChanged(altered.quote)
    await _insert(session, alteration_id, booking.id, by, agreed, altered, message, until, now)
    await steps.step(session, booking, alteration_id, S.OPEN, by, now, actor_id=actor.user_id)
    offer = _offer(booking, settings)
    pays = by is BookingActor.GUEST and altered.difference_minor > 0
    if pays and offer is not None and offer.can_authorize:
        stay = (altered.difference, altered.quote.line_items)
        await _open_payment(session, booking, alteration_id, *stay, offer, now, manual_capture=True)
    return alteration_id


async def accept(
    session: AsyncSession, actor: Actor, command: Accept, settings: Settings, now: datetime
) -> None:
    """The other side's yes: the booking is altered, or waits until the guest has paid more.

    Raises NotFound, AccountSuspended, AlterationNotAllowed, IdempotencyConflict, PriceChanged,
    PaymentUnavailable.
    """
    earlier = await idempotency.claim(
        session,
        actor_id=actor.require_user(),
        operation=ACCEPT,
        key=command.idempotency_key,
        request=command,
        subject_id=command.alteration_id,
    )
    if earlier is not None:
        return
    await identity.require_active(session, actor.require_user())
    booking, by, alteration = await _answered(
        session, actor, command.alteration_id, BookingAction.ACCEPT_ALTERATION, now
    )
    if by is BookingActor.HOST and booking.host_id != actor.user_id:
        # Nobody agrees for a host who may not.
        await identity.require_active(session, booking.host_id)
    if alteration.total_price != command.expected_total:
        raise PriceChanged(await _offered(session, alteration))
    payment = await payments.live_payment_for_update(session, booking.id, alteration.id)
    is_paid = payment is not None and payment.status in TAKEN
    if alteration.difference_minor <= 0 or is_paid:
        await steps.apply(session, booking, alteration, by, settings, now, actor.user_id)
        return
    if payment is not None and payment.status is PaymentStatus.AUTHORIZED:
        until = now + bookings.CAPTURE_GRACE
    else:
        until = await _time_to_pay(session, alteration, settings, now)
    await availability.extend_more(session, booking.id, until)
    await steps.step(
        session,
        booking,
        alteration.id,
        S.AWAITING_PAYMENT,
        by,
        now,
        actor_id=actor.user_id,
        expires_at=until,
    )
    if payment is None:
        await ask_to_pay(session, booking, alteration, settings, now)
    await emit(session, AlterationAgreed(alteration_id=alteration.id), after=timedelta(seconds=30))


async def decline(
    session: AsyncSession, actor: Actor, alteration_id: UUID, reason: str | None, now: datetime
) -> None:
    """The other side's no: everything stays as it is.

    Raises NotFound, AlterationNotAllowed, Invalid.
    """
    booking, by, alteration = await _answered(
        session, actor, alteration_id, BookingAction.DECLINE_ALTERATION, now
    )
    await steps.end(
        session,
        booking,
        alteration,
        S.DECLINED,
        by,
        now,
        actor.user_id,
        reason and plain_text(reason, "reason", 0, bookings.REASON_LENGTH),
    )


async def withdraw(session: AsyncSession, actor: Actor, alteration_id: UUID, now: datetime) -> None:
    """Who proposed it, or has still to pay for it, thinks better of it.

    Raises NotFound, AlterationNotAllowed.
    """
    booking, by, alteration = await _answered(
        session, actor, alteration_id, BookingAction.WITHDRAW_ALTERATION, now
    )
    await steps.end(session, booking, alteration, S.WITHDRAWN, by, now, actor.user_id)


async def ask_to_pay(
    session: AsyncSession,
    booking: Row[Any],
    alteration: AlterationRow,
    settings: Settings,
    now: datetime,
) -> None:
    """Open a payment of what an agreed alteration costs more. Raises PaymentUnavailable."""
    offer = _offer(booking, settings)
    if offer is None:
        raise PaymentUnavailable("Nobody takes this method of payment any more.", retryable=False)
    stay = (steps.shares_of(alteration), alteration.line_items)
    await _open_payment(session, booking, alteration.id, *stay, offer, now, manual_capture=False)


async def _answered(
    session: AsyncSession, actor: Actor, alteration_id: UUID, action: BookingAction, now: datetime
) -> tuple[Row[Any], BookingActor, AlterationRow]:
    """The booking, locked, as what the caller acts on it, and the alteration as it is now.

    Raises NotFound, AlterationNotAllowed.
    """
    known = (await queries.alterations(session, [alteration_id])).get(alteration_id)
    if known is None:
        raise NotFound("There is no such alteration.")
    booking, by = await bookings.acting(session, actor, known.booking_id)
    live = await steps.live(session, booking.id)
    if live is None or live.id != alteration_id:
        raise AlterationNotAllowed(BookingStatus(booking.status), Obstacle.ALREADY_DONE)
    _require(booking, live, action, by, now)
    return booking, by, live


def _require(
    booking: Row[Any],
    alteration: AlterationRow | None,
    action: BookingAction,
    by: BookingActor,
    now: datetime,
) -> None:
    why_not = rules.obstacle(booking, alteration, action, by, now)
    if why_not is not None:
        raise AlterationNotAllowed(BookingStatus(booking.status), why_not)


async def _require_seldom(session: AsyncSession, booking: Row[Any]) -> None:
    made = await session.scalar(
        select(func.count()).where(BookingAlteration.booking_id == booking.id)
    )
    if (made or 0) >= rules.MOST:
        raise AlterationNotAllowed(BookingStatus(booking.status), Obstacle.TOO_OFTEN)


async def _hold(
    session: AsyncSession,
    property: BookableProperty,
    booking_id: UUID,
    altered: Altered,
    until: datetime,
) -> None:
    extra = altered.extra_nights
    if not extra:
        return
    gap, now = property.stay.preparation_days, property.now
    await expire_lapsed(session, property.id, extra[0], extra[-1] + timedelta(days=1), gap, now)
    await availability.hold_more(session, property.id, booking_id, extra, gap, now, until)


async def _offered(session: AsyncSession, alteration: AlterationRow) -> Quote:
    """The price of an alteration as it was offered."""
    agreed = await queries.agreed(session, alteration.booking_id)
    stay = (alteration.check_in, alteration.check_out)
    prices = dict(zip(nights(*stay), alteration.night_prices, strict=True))
    return rules.altered(agreed, *stay, alteration.guests, prices.__getitem__).quote


async def _time_to_pay(
    session: AsyncSession, alteration: AlterationRow, settings: Settings, now: datetime
) -> datetime:
    return rules.deadline(
        await queries.agreed(session, alteration.booking_id),
        alteration.check_in_at,
        alteration.check_out_at,
        now,
        settings.accepted_hold_seconds,
    )


def _offer(booking: Row[Any], settings: Settings) -> choice.Offer | None:
    """Who takes the money: the guest pays as they paid before."""
    method = PaymentMethod(booking.payment_method)
    return choice.choose(choice.configured(settings), method, booking.currency)


async def _open_payment(
    session: AsyncSession,
    booking: Row[Any],
    alteration_id: UUID,
    difference: Shares,
    line_items: Sequence[LineItem],
    offer: choice.Offer,
    now: datetime,
    *,
    manual_capture: bool,
) -> None:
    before = line_items_from_builtins(booking.line_items)
    await payments.open_payment(
        session,
        booking_id=booking.id,
        guest_id=booking.guest_id,
        host_id=booking.host_id,
        alteration_id=alteration_id,
        attempt=await payments.attempts(session, booking.id) + 1,
        provider=offer.provider,
        method=offer.method,
        amount=Money(difference.total_minor, booking.currency),
        host_minor=difference.host_minor,
        platform_minor=difference.platform_minor,
        tax_minor=difference.tax_minor,
        promotion_minor=difference.promotion_minor,
        line_items=rules.difference_lines(before, line_items),
        manual_capture=manual_capture,
        now=now,
    )


async def _insert(
    session: AsyncSession,
    alteration_id: UUID,
    booking_id: UUID,
    by: BookingActor,
    agreed: Agreed,
    altered: Altered,
    message: str,
    expires_at: datetime,
    now: datetime,
) -> None:
    quote, difference = altered.quote, altered.difference
    await session.execute(
        insert(BookingAlteration).values(
            id=alteration_id,
            booking_id=booking_id,
            proposed_by=by,
            status=S.OPEN,
            message=message,
            check_in=quote.check_in,
            check_out=quote.check_out,
            check_in_at=altered.check_in_at,
            check_out_at=altered.check_out_at,
            **msgspec.structs.asdict(quote.guests),
            previous=msgspec.to_builtins(agreed.previous),
            currency=quote.currency,
            total_minor=quote.total_minor,
            host_payout_minor=quote.host_payout_minor,
            tax_minor=quote.tax_minor,
            promotion_minor=quote.promotion_minor,
            line_items=line_items_to_builtins(quote.line_items),
            night_prices=list(altered.night_prices),
            difference_minor=difference.total_minor,
            host_difference_minor=difference.host_minor,
            tax_difference_minor=difference.tax_minor,
            promotion_difference_minor=difference.promotion_minor,
            expires_at=expires_at,
            created_at=now,
        )
    )
