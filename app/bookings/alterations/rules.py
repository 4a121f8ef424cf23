"""What an alteration may change, what it costs, and until when it can be answered. Pure.

Section 4 of the domain rules; docs/decisions/0091 says how an altered stay is priced.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import msgspec

from app.availability.rules import (
    StayNotAllowedReason,
    instant,
    local_today,
    require_bounds,
)
from app.availability.rules import nights as dates
from app.bookings.errors import Obstacle
from app.bookings.options import BookingAction, Option
from app.errors import Invalid
from app.ledger.rules import Shares
from app.line_items import LineItem
from app.pricing.rules import Guests, Promotion, Quote, Terms, quote
from app.promotions.rules import Offer, refusal_of_stay
from app.properties.terms import StayTerms, zone
from db.enums import AlterationStatus, BookingActor, BookingStatus, LineItemKind

LIVE = frozenset({AlterationStatus.OPEN, AlterationStatus.AWAITING_PAYMENT})
# Of a booking, ever: each is a mail to the other side.
MOST = 20
# In days: no host's booking window is longer.
MOST_AHEAD = 730
OTHER = {BookingActor.GUEST: BookingActor.HOST, BookingActor.HOST: BookingActor.GUEST}


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What is wanted; None: as it is."""

    check_in: date | None = None
    check_out: date | None = None
    guests: Guests | None = None


class Previous(msgspec.Struct, frozen=True, kw_only=True):
    """What a booking was before an alteration, as it is kept with it."""

    check_in: date
    check_out: date
    guests: Guests
    total_minor: int


class Agreed(msgspec.Struct, frozen=True, kw_only=True):
    """A booking as it was agreed, as far as its alteration needs it."""

    check_in: date
    check_out: date
    check_in_at: datetime
    check_out_at: datetime
    timezone: str
    guests: Guests
    currency: str
    total_minor: int
    host_payout_minor: int
    tax_minor: int
    promotion_minor: int
    terms: Terms
    night_prices: tuple[int, ...]
    # The property's date when it was booked: discounts are for booking early or late.
    booked_on: date
    # The code that it was booked with, and whether the host pays for it.
    offer: Offer | None
    offer_by_host: bool

    @property
    def previous(self) -> Previous:
        return Previous(
            check_in=self.check_in,
            check_out=self.check_out,
            guests=self.guests,
            total_minor=self.total_minor,
        )


class Altered(msgspec.Struct, frozen=True, kw_only=True):
    """The stay as it would be."""

    quote: Quote
    night_prices: tuple[int, ...]
    check_in_at: datetime
    check_out_at: datetime
    # What it is more, or less, than the booking: of the guest's total, and of whose it becomes.
    difference: Shares
    # Nights that the booking does not have yet.
    extra_nights: tuple[date, ...]

    @property
    def difference_minor(self) -> int:
        return self.difference.total_minor


def wanted(agreed: Agreed, change: Change, now: datetime) -> tuple[date, date, Guests]:
    """The dates and guests that a change leads to.

    Raises Invalid for what no stay can be, for no change at all, and for another check-in of a
    stay that has begun.
    """
    check_in = change.check_in or agreed.check_in
    check_out = change.check_out or agreed.check_out
    guests = change.guests or agreed.guests
    require_bounds(check_in, check_out, guests)
    if (check_in, check_out, guests) == (agreed.check_in, agreed.check_out, agreed.guests):
        raise Invalid("This is how it is booked already.")
    if check_in != agreed.check_in and agreed.check_in_at <= now:
        raise Invalid("The stay has begun: only its end can be moved.", field="checkIn")
    return check_in, check_out, guests


def refusal(
    agreed: Agreed,
    check_in: date,
    check_out: date,
    guests: Guests,
    terms: StayTerms,
    now: datetime,
) -> StayNotAllowedReason | None:
    """Why the property cannot have the stay whatever its host says, or None.

    How long stays are, and on which weekdays they begin, are a host's wishes: the host has a say in
    every alteration. How many the place takes is not, but for who may come already.
    """
    if check_in != agreed.check_in:
        ahead = (check_in - local_today(now, agreed.timezone)).days
        if ahead < 0:
            return StayNotAllowedReason.IN_THE_PAST
        if ahead > MOST_AHEAD:
            return StayNotAllowedReason.TOO_FAR_AHEAD
    if _moved(agreed, check_out, agreed.check_out_at, agreed.check_out) <= now:
        return StayNotAllowedReason.IN_THE_PAST
    if guests.counted > max(terms.max_guests, agreed.guests.counted):
        return StayNotAllowedReason.TOO_MANY_GUESTS
    if guests.pets and not (terms.pets_allowed or agreed.guests.pets):
        return StayNotAllowedReason.PETS_NOT_ALLOWED
    return None


def altered(
    agreed: Agreed,
    check_in: date,
    check_out: date,
    guests: Guests,
    price_today: Callable[[date], int],
) -> Altered:
    """The stay as it would be, and what that changes.

    Nights of the booking cost what they were booked for, others what they cost today. All the rest,
    from fees to discounts and taxes, goes by the terms that it was booked under, as if it had been
    booked so in the first place; and so does its code, as long as the stay is one that it is for.
    """
    booked = dict(zip(dates(agreed.check_in, agreed.check_out), agreed.night_prices, strict=True))
    stay = dates(check_in, check_out)
    prices = {night: booked[night] if night in booked else price_today(night) for night in stay}
    terms = (agreed.terms, prices, check_in, check_out, guests, agreed.booked_on)
    found = quote(*terms)
    if agreed.offer is not None and refusal_of_stay(agreed.offer, found) is None:
        found = quote(*terms, _promotion(agreed.offer, by_host=agreed.offer_by_host))
    return Altered(
        quote=found,
        night_prices=tuple(prices.values()),
        check_in_at=_moved(agreed, check_in, agreed.check_in_at, agreed.check_in),
        check_out_at=_moved(agreed, check_out, agreed.check_out_at, agreed.check_out),
        difference=_difference(agreed, found),
        extra_nights=tuple(night for night in stay if night not in booked),
    )


def difference_lines(before: Sequence[LineItem], after: Sequence[LineItem]) -> tuple[LineItem, ...]:
    """What makes the difference between two prices, line by line; they add up to it.

    Nights of one price are counted, everything else is compared by its name.
    """
    found: dict[tuple[LineItemKind, str, int], int] = {}
    for sign, items in ((1, after), (-1, before)):
        for item in items:
            is_nights = item.kind is LineItemKind.NIGHTS
            name, unit = ("", item.unit_minor) if is_nights else (item.description, 1)
            key = (item.kind, name, unit)
            found[key] = found.get(key, 0) + sign * item.amount_minor // unit
    return tuple(_difference_line(*key, quantity) for key, quantity in found.items() if quantity)


def _difference_line(
    kind: LineItemKind, description: str, unit_minor: int, quantity: int
) -> LineItem:
    amount = quantity * unit_minor
    if kind is not LineItemKind.NIGHTS:
        quantity = 1 if amount > 0 else -1
    count = abs(quantity)
    return LineItem(
        kind=kind,
        description=description or ("1 night" if count == 1 else f"{count} nights"),
        quantity=count,
        unit_minor=amount // count,
        amount_minor=amount,
    )


def deadline(
    agreed: Agreed, check_in_at: datetime, check_out_at: datetime, now: datetime, seconds: int
) -> datetime:
    """Until when an alteration can be answered, or paid: at the latest while both stays are ahead.

    Another check-in until either comes; an end until either comes.
    """
    ends = [now + timedelta(seconds=seconds), agreed.check_out_at, check_out_at]
    if check_in_at != agreed.check_in_at:
        ends.append(agreed.check_in_at)
        if check_in_at > now:
            ends.append(check_in_at)
    return min(ends)


def obstacle(
    booking: Any, alteration: Any | None, action: BookingAction, by: BookingActor, now: datetime
) -> Obstacle | None:
    """Why `by` cannot do this now about altering the booking, or None.

    Of rows: the booking's, and that of its live alteration, if it has one.
    """
    if by not in OTHER:
        return Obstacle.OTHER_SIDE
    if booking.status != BookingStatus.CONFIRMED:
        return Obstacle.STATUS
    if action is BookingAction.PROPOSE_ALTERATION:
        if alteration is not None and not is_over(alteration, now):
            return Obstacle.ALTERATION_OPEN
        return Obstacle.TIME_IS_OVER if booking.check_out_at <= now else None
    if alteration is None:
        return Obstacle.NO_ALTERATION
    return _answer_obstacle(alteration, action, by, now)


def options(
    booking: Any, alteration: Any | None, by: BookingActor, now: datetime
) -> Sequence[Option]:
    """What `by` may do about altering the booking now, and what not."""
    if by not in OTHER:
        return []
    actions = [
        BookingAction.PROPOSE_ALTERATION,
        BookingAction.ACCEPT_ALTERATION,
        BookingAction.DECLINE_ALTERATION,
        BookingAction.WITHDRAW_ALTERATION,
    ]
    if by is BookingActor.GUEST:
        actions.append(BookingAction.PAY_ALTERATION)
    found = []
    for action in actions:
        why_not = obstacle(booking, alteration, action, by, now)
        until = booking.check_out_at if alteration is None else alteration.expires_at
        if action is BookingAction.PROPOSE_ALTERATION:
            until = booking.check_out_at
        found.append(Option(action, why_not, until if why_not is None else None))
    return found


def is_over(alteration: Any, now: datetime) -> bool:
    """Whether a live alteration's time is over, whether or not a sweep has noted it."""
    expires_at: datetime = alteration.expires_at
    return expires_at <= now


def _answer_obstacle(
    alteration: Any, action: BookingAction, by: BookingActor, now: datetime
) -> Obstacle | None:
    mine = alteration.proposed_by == by
    is_open = alteration.status == AlterationStatus.OPEN
    if action is BookingAction.PAY_ALTERATION:
        if is_open:
            return Obstacle.STATUS
    elif action is BookingAction.WITHDRAW_ALTERATION:
        # Once both agree it is with the guest, who may think better of it instead of paying.
        if not (mine if is_open else by is BookingActor.GUEST):
            return Obstacle.OTHER_SIDE
    elif not is_open:
        return Obstacle.ALREADY_DONE
    elif mine:
        return Obstacle.OTHER_SIDE
    return Obstacle.TIME_IS_OVER if is_over(alteration, now) else None


def _promotion(offer: Offer, *, by_host: bool) -> Promotion:
    return Promotion(
        code=offer.code, rate_bp=offer.rate_bp, amount_minor=offer.amount_minor, by_host=by_host
    )


def _difference(agreed: Agreed, found: Quote) -> Shares:
    before = Shares(
        host_minor=agreed.host_payout_minor,
        platform_minor=agreed.total_minor
        + agreed.promotion_minor
        - agreed.host_payout_minor
        - agreed.tax_minor,
        tax_minor=agreed.tax_minor,
        promotion_minor=agreed.promotion_minor,
    )
    return Shares(
        host_minor=found.host_payout_minor - before.host_minor,
        platform_minor=found.platform_minor - before.platform_minor,
        tax_minor=found.tax_minor - before.tax_minor,
        promotion_minor=found.promotion_minor - before.promotion_minor,
    )


def _moved(agreed: Agreed, day: date, at: datetime, was: date) -> datetime:
    """The booking's own instant on another date: at the local time that was agreed."""
    if day == was:
        return at
    return instant(day, at.astimezone(zone(agreed.timezone)).time(), agreed.timezone)
