"""Reading codes, for those whose they are."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Integer, Select, Uuid, bindparam, func, select

from app.money import Money
from db import rows
from db.models import Promotion
from db.statements import Reader, Statement


class PromotionRow(msgspec.Struct, frozen=True):
    """A code as it is shown to who pays for it."""

    id: UUID
    host_id: UUID | None
    code: str
    rate_bp: int | None
    amount_minor: int | None
    currency: str | None
    property_ids: list[UUID] | None
    max_uses: int | None
    max_uses_per_guest: int | None
    min_nights: int | None
    min_amount_minor: int | None
    stays_from: date | None
    stays_to: date | None
    bookings_from: date | None
    bookings_to: date | None
    uses: int
    ended_at: datetime | None
    created_at: datetime

    @property
    def percent(self) -> int | None:
        return None if self.rate_bp is None else self.rate_bp // 100

    @property
    def amount(self) -> Money | None:
        amount, currency = self.amount_minor, self.currency
        return None if amount is None or currency is None else Money(amount, currency)

    @property
    def min_amount(self) -> Money | None:
        amount, currency = self.min_amount_minor, self.currency
        return None if amount is None or currency is None else Money(amount, currency)

    @property
    def is_platforms(self) -> bool:
        return self.host_id is None


PROMOTIONS_OF_HOST = rows.Listing(model=Promotion, row=PromotionRow, parent=Promotion.host_id)

_PROMOTIONS = rows.ByKey(Promotion.id, PromotionRow)


async def promotions(reader: Reader, ids: Sequence[UUID]) -> Mapping[UUID, PromotionRow]:
    """Codes by id, whoever pays for them."""
    return await _PROMOTIONS.one(reader, ids)


async def platforms(reader: Reader, first: int, after: UUID | None) -> list[PromotionRow]:
    """The platform's own codes, newest first, older than the one `after`."""
    if after is None:
        return await _FIRST.fetch(reader, first=first)
    return await _NEXT.fetch(reader, first=first, after=after)


async def count_platforms(reader: Reader) -> int:
    """How many codes the platform has had."""
    (count,) = await _COUNT.fetch(reader)
    return count


def _page() -> Select[Any]:
    return (
        select(*rows.columns(Promotion, PromotionRow))
        .where(Promotion.host_id.is_(None))
        .order_by(Promotion.id.desc())
        .limit(bindparam("first", type_=Integer))
    )


_FIRST = Statement(PromotionRow, _page)
_NEXT = Statement(
    PromotionRow, lambda: _page().where(Promotion.id < bindparam("after", type_=Uuid))
)
_COUNT: Statement[int] = Statement(
    int, lambda: select(func.count()).select_from(Promotion).where(Promotion.host_id.is_(None))
)
