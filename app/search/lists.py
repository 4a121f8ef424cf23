"""Lists by price: the order of the whole list is kept when its first page is read.

What a stay costs changes with its host's edits, with every midnight and rate of exchange; a place
that moves across the end of a page would be seen twice, or never. So the first page keeps the ids
of the list, in their order; the others go on in it, and leave out what does not match any more. A
place that matches all along is in it, and there once: it is shown exactly once, whatever prices do.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    BigInteger,
    DateTime,
    Subquery,
    Uuid,
    bindparam,
    cast,
    column,
    delete,
    func,
    literal_column,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import Invalid
from app.search.stays import ZERO, number
from db.models import SearchList
from db.statements import Reader, Statement

# A list by price ends after so many; who narrows the search sees the others.
LONGEST = 1_000
# Whoever turns a page later searches again.
KEPT = timedelta(hours=1)
BATCH = 500

_IS_KEPT: Statement[Any] = Statement(
    lambda key: key, lambda: select(SearchList.id).where(SearchList.id == bindparam("list_id"))
)


def named(ranked: CTE, *order: Any) -> CTE:
    """The list of `ranked` in its order: `id` and `property_ids`; no row for an empty one.

    Its id is made of what is in it, so that who finds the same shares the list.
    """
    ids = func.array_agg(aggregate_order_by(ranked.c.id, *order))
    text = func.array_to_string(ids, literal_column("''"))
    digest = func.sha256(func.convert_to(text, literal_column("'UTF8'")))
    list_id = func.left(func.encode(digest, literal_column("'hex'")), number(32))
    return (
        select(cast(list_id, Uuid).label("id"), ids.label("property_ids"))
        .having(func.count() > ZERO)
        .cte("named")
    )


def kept(list_: CTE) -> CTE:
    """The list, written down within the statement that reads its first page."""
    made_at = bindparam("made_at", type_=DateTime(timezone=True))
    insert = upsert(SearchList).from_select(
        ["id", "property_ids", "made_at"],
        select(list_.c.id, list_.c.property_ids, made_at),
        include_defaults=False,
    )
    return insert.on_conflict_do_update(
        index_elements=[SearchList.id],
        set_={"made_at": insert.excluded.made_at},
        # Many may look for the same at once: it is not written again for each of them.
        where=SearchList.made_at < insert.excluded.made_at - KEPT / 6,
    ).cte("kept")


def rest() -> Subquery:
    """What comes after a place in a list: `id` and `place`."""
    listed = (
        func.unnest(SearchList.property_ids)
        .table_valued(column("id", Uuid), with_ordinality="place", name="listed")
        .render_derived()
    )
    return (
        select(listed.c.id, listed.c.place)
        .select_from(SearchList)
        .join(listed, true())
        .where(
            SearchList.id == bindparam("list_id", type_=Uuid),
            listed.c.place > bindparam("after_place", type_=BigInteger),
        )
        .subquery("rest")
    )


async def require_kept(reader: Reader, list_id: UUID) -> None:
    """Raises Invalid when a list is not kept any more."""
    if not await _IS_KEPT.fetch(reader, list_id=list_id):
        raise Invalid("This list is over: search again from its first page.", field="after")


async def forget(session: AsyncSession, now: datetime) -> int:
    """Delete some of the lists that have been kept for long enough; returns how many."""
    old = select(SearchList.id).where(SearchList.made_at < now - KEPT).limit(BATCH)
    gone = await session.execute(
        delete(SearchList).where(SearchList.id.in_(old)).returning(SearchList.id)
    )
    return len(gone.all())
