"""Lists by price: the order that was found is kept when a list's first page is read.

What a stay costs changes with its host's edits, with every midnight and rate of exchange; a place
that moves across the end of a page would be seen twice, or never. So the first page keeps the ids
that it has found, in their order; the others go on in it, and leave out what does not match any
more. Where the list ends, and more may match, what is not in it is looked for as at the beginning,
and makes a longer list. A place that matches all along gets into it sooner or later, and once: it
is shown exactly once, whatever prices do.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    DateTime,
    Subquery,
    Uuid,
    and_,
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

# So many are found at once: enough for the pages that nearly everybody looks at.
CHUNK = 100
# A list by price ends after so many; who narrows the search sees the others.
LONGEST = 1_000
# Whoever turns a page later searches again.
KEPT = timedelta(hours=1)
BATCH = 500

_IS_KEPT: Statement[Any] = Statement(
    lambda key: key, lambda: select(SearchList.id).where(SearchList.id == bindparam("list_id"))
)


def named(ranked: CTE, before: Any = None) -> CTE:
    """The list of `ranked` by `place`, after `before`: `id`, `property_ids`; no row for no more.

    Its id is made of what is in it, so that who finds the same shares the list, and a list that
    goes on is another.
    """
    new = func.array_agg(aggregate_order_by(ranked.c.id, ranked.c.place))
    ids = new if before is None else before.op("||")(new)
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


def shown() -> CTE:
    """The list that a cursor is of: `id` and `property_ids`."""
    return (
        select(SearchList.id, SearchList.property_ids)
        .where(SearchList.id == bindparam("list_id", type_=Uuid))
        .cte("shown")
    )


def can_go_on(list_: CTE) -> ColumnElement[bool]:
    """Whether what was found may not have been all."""
    length = func.cardinality(list_.c.property_ids)
    return and_(length % number(CHUNK) == ZERO, length < number(LONGEST))


def rest(list_: CTE) -> Subquery:
    """What comes after a place in a list: `id`, `place`, and the list's id."""
    listed = (
        func.unnest(list_.c.property_ids)
        .table_valued(column("id", Uuid), with_ordinality="place", name="listed")
        .render_derived()
    )
    return (
        select(listed.c.id, listed.c.place, list_.c.id.label("list_id"))
        .select_from(list_)
        .join(listed, true())
        .where(listed.c.place > bindparam("after_place", type_=BigInteger))
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
