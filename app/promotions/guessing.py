"""Guesses of codes are counted: whoever tries many is told nothing for a while."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from app.limits import Limit, Limiter, bucket, network
from app.promotions.errors import PromotionRefusal, PromotionRefused

HOUR = 3_600


def guesses(user_id: UUID | None, address: str) -> list[Limit]:
    """By account and by address; those who are not signed in have only one."""
    by_account = [] if user_id is None else [bucket("promotion:account", str(user_id), 20, HOUR)]
    return [
        *by_account,
        bucket("promotion:address", network(address), 60, HOUR),
        bucket("promotion", "", 3_000, 60),
    ]


@asynccontextmanager
async def counted(
    limiter: Limiter, user_id: UUID | None, address: str, code: str | None
) -> AsyncIterator[None]:
    """What tries a code: it counts only when there is none like it. Raises RateLimited."""
    if code is None:
        yield
        return
    limits = guesses(user_id, address)
    await limiter.take(limits)
    try:
        yield
    except PromotionRefused as refused:
        if refused.refusal is not PromotionRefusal.NOT_VALID:
            await limiter.give_back(limits)
        raise
    except Exception:
        await limiter.give_back(limits)
        raise
    else:
        await limiter.give_back(limits)
