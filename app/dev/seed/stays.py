"""Stays with all their rows, as the product would have left them: booking, history, nights,
payment, refund, review. Values in, rows out; prices and refunds come from the product's own rules.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from random import Random
from uuid import UUID

import msgspec

from app.availability.rules import instant, local_today, nights
from app.bookings import cancellation
from app.bookings.cancellation import CancellationRefund
from app.bookings.lifecycle import answer_deadline
from app.dev.seed.ids import id_at, provider_id
from app.dev.seed.rows import Rows
from app.pricing.rules import Quote, line_items_to_builtins, night_prices, quote
from app.properties.terms import Guests, StayTerms, Terms
from db.enums import (
    BookingActor,
    BookingStatus,
    CancellationPolicy,
    NightKind,
    PaymentMethod,
    PaymentProvider,
    PaymentStatus,
    RefundReason,
    RefundStatus,
)
from db.models import Booking, BookingChange, OccupiedNight, Payment, Refund, Review

PAYOUT_DELAY = timedelta(hours=24)
REQUEST_SECONDS = 24 * 3600
S = BookingStatus


class Home(msgspec.Struct, frozen=True, kw_only=True):
    """A property as far as its stays need it."""

    id: UUID
    host_id: UUID
    price: Terms
    stay: StayTerms
    night_prices: Mapping[date, int]
    instant_book: bool
    policy: CancellationPolicy
    country: str
    region: str


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """Who comes when, and what becomes of it."""

    guest_id: UUID
    check_in: date
    check_out: date
    guests: Guests
    booked_at: datetime
    message: str = ""
    # When the guest cancels; None: they come.
    cancelled_at: datetime | None = None
    # A request that the host has not answered yet.
    unanswered: bool = False


class Step(msgspec.Struct, frozen=True):
    """One transition."""

    status: BookingStatus
    actor: BookingActor
    at: datetime


class Payback(msgspec.Struct, frozen=True, kw_only=True):
    """A refund that was made."""

    id: UUID
    provider_id: str
    share: CancellationRefund
    at: datetime


class Booked(msgspec.Struct, frozen=True, kw_only=True):
    """A stay as it was written, for the books and the provider's record."""

    id: UUID
    visit: Visit
    home: Home
    status: BookingStatus
    quote: Quote
    check_in_at: datetime
    check_out_at: datetime
    payment_id: UUID
    charge_id: str
    # None while the money is only authorised.
    paid_at: datetime | None
    refund: Payback | None

    @property
    def host_keeps_minor(self) -> int:
        """What the host is due, less what a refund took of it."""
        return self.quote.host_payout_minor - (self.refund.share.host_minor if self.refund else 0)


def write(rows: Rows, random: Random, home: Home, visit: Visit, now: datetime) -> Booked:
    """Add everything that the product would have about a visit at the instant `now`."""
    stay = home.stay
    check_in_at = instant(visit.check_in, stay.check_in_time, stay.timezone)
    check_out_at = instant(visit.check_out, stay.check_out_time, stay.timezone)
    price = quote(
        home.price,
        home.night_prices,
        visit.check_in,
        visit.check_out,
        visit.guests,
        local_today(visit.booked_at, stay.timezone),
    )
    steps = _steps(random, home, visit, check_in_at, check_out_at, now)
    confirmed_at = next((step.at for step in steps if step.status is S.CONFIRMED), None)
    booked = Booked(
        id=id_at(random, visit.booked_at),
        visit=visit,
        home=home,
        status=steps[-1].status,
        quote=price,
        check_in_at=check_in_at,
        check_out_at=check_out_at,
        payment_id=id_at(random, visit.booked_at),
        charge_id=provider_id(random, "pi"),
        paid_at=confirmed_at,
        refund=_refund(random, home, visit, price, check_in_at, confirmed_at),
    )
    _add_booking(rows, booked, steps, now)
    _add_history(rows, booked, steps)
    if booked.status is not S.CANCELLED:
        _add_nights(rows, booked, _deadline(booked, steps))
    _add_payment(rows, booked, steps)
    return booked


def review(
    rows: Rows, random: Random, booked: Booked, rating: int, comment: str, at: datetime
) -> None:
    """Add the guest's review of a completed stay; the property's sums are the caller's."""
    rows.add(
        Review,
        id=id_at(random, at),
        booking_id=booked.id,
        property_id=booked.home.id,
        host_id=booked.home.host_id,
        author_id=booked.visit.guest_id,
        rating=rating,
        comment=comment,
        created_at=at,
    )


def _steps(
    random: Random,
    home: Home,
    visit: Visit,
    check_in_at: datetime,
    check_out_at: datetime,
    now: datetime,
) -> list[Step]:
    """The transitions up to `now`: the booking's history."""
    paid = visit.booked_at + timedelta(seconds=random.randint(40, 240))
    steps = [Step(S.PENDING_PAYMENT, BookingActor.GUEST, visit.booked_at)]
    if home.instant_book:
        steps.append(Step(S.CONFIRMED, BookingActor.SYSTEM, paid))
    else:
        steps.append(Step(S.PENDING_HOST, BookingActor.SYSTEM, paid))
        if visit.unanswered:
            return steps
        latest = answer_deadline(paid, check_in_at, REQUEST_SECONDS)
        answered = paid + (latest - paid) * random.uniform(0.02, 0.5)
        steps.append(Step(S.CONFIRMED, BookingActor.SYSTEM, min(answered, now)))
    if visit.cancelled_at is not None:
        steps.append(Step(S.CANCELLED, BookingActor.GUEST, visit.cancelled_at))
    elif check_out_at <= now:
        steps.append(Step(S.COMPLETED, BookingActor.SYSTEM, check_out_at))
    return steps


def _refund(
    random: Random,
    home: Home,
    visit: Visit,
    price: Quote,
    check_in_at: datetime,
    confirmed_at: datetime | None,
) -> Payback | None:
    if visit.cancelled_at is None:
        return None
    share = cancellation.refund(
        cancellation.Stay(
            status=S.CONFIRMED,
            policy=home.policy,
            check_in=visit.check_in,
            check_out=visit.check_out,
            check_in_at=check_in_at,
            timezone=home.stay.timezone,
            confirmed_at=confirmed_at,
            line_items=price.line_items,
            host_payout_minor=price.host_payout_minor,
            host_fee_bp=price.host_fee_bp,
        ),
        BookingActor.GUEST,
        visit.cancelled_at,
    )
    if share.amount_minor == 0:
        return None
    return Payback(
        id=id_at(random, visit.cancelled_at),
        provider_id=provider_id(random, "re"),
        share=share,
        at=visit.cancelled_at,
    )


def _deadline(booked: Booked, steps: list[Step]) -> datetime | None:
    """When the state's timer fires."""
    if booked.status is S.PENDING_HOST:
        return answer_deadline(steps[-1].at, booked.check_in_at, REQUEST_SECONDS)
    return booked.check_out_at if booked.status is S.CONFIRMED else None


def _payout_due(booked: Booked, now: datetime) -> datetime | None:
    """None when nothing of it is still to be paid out."""
    due = booked.check_in_at + PAYOUT_DELAY
    if booked.status is S.CANCELLED:
        return due if booked.host_keeps_minor and due > now else None
    return due if booked.status is S.CONFIRMED and due > now else None


def _add_booking(rows: Rows, booked: Booked, steps: list[Step], now: datetime) -> None:
    visit, home, price = booked.visit, booked.home, booked.quote
    cancelled = booked.status is S.CANCELLED
    rows.add(
        Booking,
        id=booked.id,
        property_id=home.id,
        guest_id=visit.guest_id,
        host_id=home.host_id,
        status=booked.status,
        version=len(steps),
        check_in=visit.check_in,
        check_out=visit.check_out,
        check_in_at=booked.check_in_at,
        check_out_at=booked.check_out_at,
        timezone=home.stay.timezone,
        adults=visit.guests.adults,
        children=visit.guests.children,
        infants=visit.guests.infants,
        pets=visit.guests.pets,
        message=visit.message,
        currency=price.currency,
        total_minor=price.total_minor,
        host_payout_minor=price.host_payout_minor,
        tax_minor=price.tax_minor,
        line_items=line_items_to_builtins(price.line_items),
        price_terms=msgspec.to_builtins(home.price),
        night_prices=night_prices(home.price, home.night_prices, visit.check_in, visit.check_out),
        guest_fee_bp=price.guest_fee_bp,
        host_fee_bp=price.host_fee_bp,
        cancellation_policy=home.policy,
        instant_book=home.instant_book,
        payment_method=PaymentMethod.CARD,
        deadline_at=_deadline(booked, steps),
        confirmed_at=booked.paid_at,
        cancelled_at=visit.cancelled_at,
        cancelled_by=BookingActor.GUEST if cancelled else None,
        payout_due_at=_payout_due(booked, now),
        created_at=visit.booked_at,
        updated_at=steps[-1].at,
    )


def _add_history(rows: Rows, booked: Booked, steps: list[Step]) -> None:
    previous = None
    for version, step in enumerate(steps, start=1):
        rows.add(
            BookingChange,
            booking_id=booked.id,
            version=version,
            status=step.status,
            previous_status=previous,
            actor=step.actor,
            actor_id=booked.visit.guest_id if step.actor is BookingActor.GUEST else None,
            occurred_at=step.at,
        )
        previous = step.status


def _add_nights(rows: Rows, booked: Booked, deadline: datetime | None) -> None:
    held = booked.status is S.PENDING_HOST
    for night in nights(booked.visit.check_in, booked.visit.check_out):
        rows.add(
            OccupiedNight,
            property_id=booked.home.id,
            night=night,
            kind=NightKind.HOLD if held else NightKind.BOOKING,
            booking_id=booked.id,
            hold_expires_at=deadline if held else None,
        )


def _add_payment(rows: Rows, booked: Booked, steps: list[Step]) -> None:
    visit, price, refund = booked.visit, booked.quote, booked.refund
    back = refund.share.amount_minor if refund else 0
    manual = not booked.home.instant_book
    rows.add(
        Payment,
        id=booked.payment_id,
        booking_id=booked.id,
        attempt=1,
        provider=PaymentProvider.STRIPE,
        provider_payment_id=booked.charge_id,
        method=PaymentMethod.CARD,
        status=_payment_status(booked, back),
        amount_minor=price.total_minor,
        currency=price.currency,
        guest_id=visit.guest_id,
        host_id=booked.home.host_id,
        host_minor=price.host_payout_minor,
        platform_minor=price.platform_minor,
        tax_minor=price.tax_minor,
        line_items=line_items_to_builtins(price.line_items),
        country=booked.home.country,
        region=booked.home.region,
        captured_minor=price.total_minor if booked.paid_at else 0,
        refunded_minor=back,
        manual_capture=manual,
        created_at=visit.booked_at,
        updated_at=refund.at if refund else booked.paid_at or steps[-1].at,
        authorized_at=steps[1].at if manual else None,
        paid_at=booked.paid_at,
    )
    if refund:
        _add_refund(rows, booked.payment_id, refund)


def _payment_status(booked: Booked, refunded_minor: int) -> PaymentStatus:
    if booked.paid_at is None:
        return PaymentStatus.AUTHORIZED
    if not refunded_minor:
        return PaymentStatus.PAID
    whole = refunded_minor == booked.quote.total_minor
    return PaymentStatus.REFUNDED if whole else PaymentStatus.PARTIALLY_REFUNDED


def _add_refund(rows: Rows, payment_id: UUID, refund: Payback) -> None:
    rows.add(
        Refund,
        id=refund.id,
        payment_id=payment_id,
        reason=RefundReason.CANCELLATION,
        status=RefundStatus.SUCCEEDED,
        amount_minor=refund.share.amount_minor,
        host_minor=refund.share.host_minor,
        platform_minor=refund.share.platform_minor,
        tax_minor=refund.share.tax_minor,
        line_items=line_items_to_builtins(refund.share.line_items),
        provider_refund_id=refund.provider_id,
        created_at=refund.at,
        settled_at=refund.at,
    )
