"""When and how much a host is paid, and why not yet. Pure; docs/decisions/0094.

The ledger says what is owed; these rules say how much of it may be sent by now.
"""

import calendar
from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

import msgspec

from app.availability.rules import instant
from app.config import Settings
from app.money import divide
from app.properties.terms import zone

# Refused payouts are tried again as new ones after ten minutes, then twice as long each time.
FIRST_RETRY = timedelta(minutes=10)
LONGEST_RETRY = timedelta(hours=24)
# What is held back is looked at again after this long, if nothing happens before.
RECHECK = timedelta(hours=1)
# A transfer whose outcome is not known is asked about after a minute, then after twice as long
# each time.
FIRST_ASK = timedelta(minutes=1)
LONGEST_ASK = timedelta(hours=6)
# Stays of so many nights are paid month by month.
MONTHLY_FROM = 28


class Hold(StrEnum):
    """Why what is due is not sent."""

    # The host owes as much as is due, or more.
    OWES = "OWES"
    # The host's first stay has to be over for some days.
    NEW_HOST = "NEW_HOST"
    BELOW_MINIMUM = "BELOW_MINIMUM"
    # A transfer was refused; the next try is set.
    REFUSED = "REFUSED"
    NO_ACCOUNT = "NO_ACCOUNT"
    ACCOUNT_INCOMPLETE = "ACCOUNT_INCOMPLETE"
    ACCOUNT_RESTRICTED = "ACCOUNT_RESTRICTED"


class PayoutTerms(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of payouts. Minimums are minor units by currency; none: zero."""

    delay: timedelta
    minimums: Mapping[str, int]
    # What stays below the minimum for so long is sent all the same.
    carry: timedelta
    # How long after the end of a host's first stay their payouts begin; zero: at once.
    new_host: timedelta


class StayTerms(msgspec.Struct, frozen=True, kw_only=True):
    """A booking as far as its payout needs it."""

    check_in: date
    check_out: date
    check_in_at: datetime
    timezone: str
    # It will not go on: nothing is held back for nights to come.
    is_cancelled: bool


class Owed(msgspec.Struct, frozen=True):
    """What the ledger says of a host and a booking, in minor units."""

    # All that the stay brings them, paid out or not, less what they gave back.
    entitled: int
    # What of it they have not been paid; negative: paid too much.
    outstanding: int


class Part(msgspec.Struct, frozen=True):
    """Some nights of a stay, and when what they bring is due."""

    due_at: datetime
    nights: int


def terms(settings: Settings) -> PayoutTerms:
    """The terms that are set."""
    return PayoutTerms(
        delay=timedelta(seconds=settings.payout_delay_seconds),
        minimums=settings.payout_minimums,
        carry=timedelta(days=settings.payout_carry_days),
        new_host=timedelta(days=settings.new_host_hold_days),
    )


def parts(stay: StayTerms, delay: timedelta) -> list[Part]:
    """A stay in the parts in which it is paid: one, or one for each month from check-in.

    Months end on the day of the month on which the stay began, or on their last day. Each part is
    due `delay` after the local check-in time of its first day.
    """
    nights = (stay.check_out - stay.check_in).days
    if nights < MONTHLY_FROM or stay.is_cancelled:
        return [Part(stay.check_in_at + delay, nights)]
    at = stay.check_in_at.astimezone(zone(stay.timezone)).time()
    found = [Part(stay.check_in_at + delay, (_month(stay.check_in, 1) - stay.check_in).days)]
    while (first := _month(stay.check_in, len(found))) < stay.check_out:
        last = min(_month(stay.check_in, len(found) + 1), stay.check_out)
        due_at = instant(first, at, stay.timezone) + delay
        found.append(Part(due_at, (last - first).days))
    # A stay of 28 nights may end before its first month does.
    found[0] = Part(found[0].due_at, min(found[0].nights, nights))
    return found


def _month(start: date, months: int) -> date:
    years, month = divmod(start.month - 1 + months, 12)
    year = start.year + years
    return date(year, month + 1, min(start.day, calendar.monthrange(year, month + 1)[1]))


def next_due(stay: StayTerms, delay: timedelta, now: datetime) -> datetime | None:
    """When the next part is due; None: no part is still to come."""
    return next((part.due_at for part in parts(stay, delay) if part.due_at > now), None)


def releasable(stay: StayTerms, owed: Owed, delay: timedelta, now: datetime) -> int:
    """How much may be sent once the first part's time has come, in minor units.

    What later parts will bring is held back, in proportion to their nights. A debt counts whole,
    and what is owed to the host never becomes one by being held back.
    """
    if owed.outstanding <= 0:
        return owed.outstanding
    # When the first part is due, the booking says; here only later ones can be too early.
    first, *later = parts(stay, delay)
    to_come = sum(part.nights for part in later if part.due_at > now)
    nights = first.nights + sum(part.nights for part in later)
    return max(0, owed.outstanding - divide(max(0, owed.entitled) * to_come, nights))


def plan(
    stay: StayTerms, owed: Owed, due_at: datetime, delay: timedelta, now: datetime
) -> list[tuple[datetime, int]]:
    """When what is outstanding for a booking comes due, and how much each time."""
    later = [part.due_at for part in parts(stay, delay)[1:] if part.due_at > max(due_at, now)]
    found, left = [], owed.outstanding
    for at in (due_at, *later):
        amount = releasable(stay, Owed(owed.entitled, left), delay, max(at, now))
        left -= amount
        if amount:
            found.append((at, amount))
    return found


def to_pay(
    stays: Mapping[UUID, StayTerms],
    due: Collection[UUID],
    owed: Mapping[UUID, Owed],
    delay: timedelta,
    now: datetime,
) -> dict[UUID, int]:
    """What each booking adds to the host's next payout, in minor units.

    `due` are the bookings whose time has come, `owed` is what each booking still owes the host.
    A negative one (refunded after it was paid out) counts whether or not its time has come.
    """
    amounts = {key: releasable(stays[key], each, delay, now) for key, each in owed.items()}
    return {
        key: amount for key, amount in amounts.items() if amount < 0 or (amount > 0 and key in due)
    }


def hold(
    items: Mapping[UUID, int],
    currency: str,
    since: datetime | None,
    first_stay_over: datetime | None,
    terms: PayoutTerms,
    now: datetime,
) -> Hold | None:
    """Why `items`, which are due, are not sent; None: they are.

    `since` is when the oldest of them came due, `first_stay_over` when the host's first completed
    stay ended.
    """
    total = sum(items.values())
    if total <= 0:
        return Hold.OWES
    if terms.new_host and (first_stay_over is None or first_stay_over + terms.new_host > now):
        return Hold.NEW_HOST
    is_small = total < terms.minimums.get(currency, 0)
    if is_small and since is not None and since + terms.carry > now:
        return Hold.BELOW_MINIMUM
    return None


def retry_after(refusals: int) -> timedelta:
    """How long to wait after so many refusals in a row (at least one)."""
    # Past twenty doublings it is a day in any case.
    return min(LONGEST_RETRY, FIRST_RETRY * (1 << min(refusals - 1, 20)))


def ask_again_after(age: timedelta) -> timedelta:
    """How long to wait before a transfer of this age is asked about again."""
    return min(max(age, FIRST_ASK), LONGEST_ASK)
