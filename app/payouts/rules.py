"""When and how much a host is paid."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from uuid import UUID

# Refused payouts are tried again as new ones after ten minutes, then twice as long each time.
FIRST_RETRY = timedelta(minutes=10)
LONGEST_RETRY = timedelta(hours=24)
# A host who owes more than is due waits for further stays; looked at again after this long.
RECHECK = timedelta(hours=1)


def to_pay(due: Collection[UUID], owed: Mapping[UUID, int]) -> dict[UUID, int]:
    """What each booking adds to the host's next payout, in minor units.

    `due` are the bookings whose time has come, `owed` is what each booking still owes the host.
    A negative one (refunded after it was paid out) counts whether or not its time has come.
    """
    return {
        booking: amount
        for booking, amount in owed.items()
        if amount < 0 or (amount > 0 and booking in due)
    }


def retry_after(refusals: int) -> timedelta:
    """How long to wait after so many refusals in a row (at least one)."""
    # Past twenty doublings it is a day in any case.
    return min(LONGEST_RETRY, FIRST_RETRY * (1 << min(refusals - 1, 20)))
