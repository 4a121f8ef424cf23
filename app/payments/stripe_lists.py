"""Stripe's lists (docs.stripe.com/api/pagination), each page by the last id of the one before."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

import stripe

from app.payments.provider import Page
from app.payments.stripe_amounts import from_stripe
from app.payments.stripe_http import ask

T = TypeVar("T")

PAGE = 100


def window(
    since: datetime, until: datetime, after: str | None, expand: Sequence[str] = ()
) -> dict[str, Any]:
    """The parameters of one page of what was created from `since` to before `until`."""
    params: dict[str, Any] = {
        "created": {"gte": int(since.timestamp()), "lt": int(until.timestamp())},
        "limit": PAGE,
    }
    if expand:
        params["expand"] = list(expand)
    if after is not None:
        params["starting_after"] = after
    return params


async def page(
    fetch: Callable[[Any], Awaitable[Any]],
    params: dict[str, Any],
    show: Callable[[Any], T | None],
) -> Page[T]:
    """One page, shown in our terms; what `show` answers None for is left out."""
    found = await ask(lambda: fetch(params))
    shown = (show(one) for one in found.data)
    following = found.data[-1].id if found.has_more else None
    return Page([one for one in shown if one is not None], following)


def totals(balance: stripe.Balance) -> dict[str, int]:
    """What a balance adds up to, by currency."""
    held: Counter[str] = Counter()
    lines: list[Any] = [*balance.available, *balance.pending]
    for line in lines:
        currency = line.currency.upper()
        held[currency] += from_stripe(line.amount, currency)
    return dict(held)
