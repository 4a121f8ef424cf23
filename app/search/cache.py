"""Answers to searches, kept in Redis for whoever asks the same next; never one that is not true.

An answer is kept with the snapshot of PostgreSQL that was taken before it was read. Whoever finds
it asks PostgreSQL whether anything has been committed since which that snapshot did not see, in the
part of the map that the search was about. Triggers on the tables that searches read write that down
(`search_changes`), in the transaction that makes the change: there is nothing to call, to forget or
to lose. What time alone changes is told by the minute and by holds that have lapsed. So an answer
is the same as it would be without Redis, whatever Redis has, has lost or brings back.

Nobody's own things are in it: who searches is no part of the question, and a statement whose rows
are not for everybody has no `kept_as`.
"""

import asyncio
import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Generic, TypeAlias, TypeVar

import msgspec
from prometheus_client import Counter
from redis.asyncio import Redis
from sqlalchemy import delete, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app import clock
from app.redis import Away, BriefRedis
from app.search import cells
from app.search.cells import Area
from db.models import SearchChange
from db.session import Database
from db.statements import Reader, Statement

R = TypeVar("R")

PREFIX = "roost:search:"
# The tables whose changes are written down. A statement that reads any other is not kept.
WATCHED = frozenset(
    [
        "properties",
        "property_photos",
        "property_taxes",
        "calendar_nights",
        "occupied_nights",
        # Of hosts: their names, pictures and languages.
        "users",
    ]
)
# Tables that are written by what is kept, and not read.
ONLY_WRITTEN = frozenset(["search_lists"])
# Longer than any answer is kept, with much to spare.
CHANGES_KEPT = timedelta(minutes=10)
BATCH = 1_000
MINUTE = timedelta(minutes=1)
TYPES = 512

# Whether an answer of snapshot $1 is over, and the present snapshot. Holds count that have lapsed
# after $2, until $3; $4 are the cells that it is about, of the level that shifting by $5 leads to.
# Null: all. It looks at the changes since: written so that any plan for it begins with those.
_LOOK = """
SELECT
  EXISTS (
    SELECT FROM search_changes
    WHERE changed_in >= pg_snapshot_xmin($1::text::pg_snapshot)::text::bigint
      AND ($4::int[] IS NULL OR map_cell >> $5 = ANY ($4::int[]))
      AND NOT pg_visible_in_snapshot(changed_in::text::xid8, $1::text::pg_snapshot))
  OR EXISTS (
    SELECT FROM occupied_nights JOIN properties ON properties.id = property_id
    WHERE kind = 'HOLD' AND hold_expires_at > $2 AND hold_expires_at <= $3
      AND ($4::int[] IS NULL OR map_cell >> $5 = ANY ($4::int[]))),
  pg_current_snapshot()::text
"""
_SNAPSHOT = "SELECT pg_current_snapshot()::text"

FOUND = Counter(
    "roost_search_cache",
    "Answers of searches that may be kept: found (hit), found but over (changed), found by another "
    "request at the same time (shared), or read anew (missed).",
    ["how"],
)
_hit, _changed, _shared, _missed = (
    FOUND.labels(how) for how in ("hit", "changed", "shared", "missed")
)


class Kept(msgspec.Struct, Generic[R], frozen=True, array_like=True):
    """What a search found, when, and the snapshot that was taken before."""

    snapshot: str
    asked_at: datetime
    found: list[R]


class Question(msgspec.Struct, Generic[R], frozen=True):
    """A statement of a search with its values, and the part of the map that it is about."""

    statement: Statement[R]
    values: Mapping[str, Any]
    area: Area | None

    @property
    def may_be_kept(self) -> bool:
        statement = self.statement
        return statement.kept_as is not None and statement.tables <= WATCHED | ONLY_WRITTEN

    @property
    def asked_at(self) -> datetime:
        """When it is asked; of one without dates, whatever time it is makes no difference."""
        asked_at: datetime = self.values.get("now") or clock.now()
        return asked_at

    def life(self, longest: timedelta) -> timedelta:
        """How long somebody may ask the same: with dates, to the end of the minute.

        Whatever time alone changes, but for holds that lapse, changes at whole minutes: notice and
        refunds count hours from check-in, windows and discounts count days there.
        """
        if "now" not in self.values:
            return longest
        return min(longest, MINUTE - (self.asked_at - _minute(self.asked_at)))

    def key(self, of: str) -> str:
        """The same for all who ask the same of the same database, with dates in the same minute."""
        values = {name: value for name, value in self.values.items() if name != "made_at"}
        if "now" in values:
            minute = _minute(values["now"])
            # Notice that ends on the minute has been given then, and not any more right after.
            values["now"] = (minute, values["now"] == minute)
        asked = msgspec.json.encode((of, self.statement.digest, values), order="sorted")
        return PREFIX + hashlib.sha256(asked).hexdigest()[:40]

    async def read(self, reader: Reader) -> list[R]:
        """What it finds now."""
        return await self.statement.fetch(reader, **self.values)


class SearchCache:
    """The answers that one process keeps and finds, with all others, for so many seconds; 0: none.

    Without Redis, or when it hangs, everything is read.
    """

    def __init__(self, db: Database, redis_url: str, database_url: str, seconds: int) -> None:
        self.db = db
        self._brief = BriefRedis(redis_url, "search cache")
        self._redis: Redis = self._brief.redis
        self._of = database_url
        self._life = timedelta(seconds=seconds)
        self._under_way: dict[str, asyncio.Future[Kept[Any] | None]] = {}

    async def answer(self, question: Question[R]) -> list[R]:
        """What it finds: kept, if that is still what would be read."""
        if not self._life or not question.may_be_kept:
            return await question.read(self.db)
        key = question.key(self._of)
        under_way = self._under_way.get(key)
        if under_way is None:
            return await self._first(key, question)
        # Whoever is cancelled while waiting takes nothing from the others.
        kept = await asyncio.shield(under_way)
        if kept is not None and not (await self._look(question, kept))[0]:
            _shared.inc()
            return kept.found
        # The other one failed, or began to read before something changed.
        _missed.inc()
        return await question.read(self.db)

    async def close(self) -> None:
        """Let go of Redis."""
        await self._brief.close()

    async def _first(self, key: str, question: Question[R]) -> list[R]:
        """For the first of those who ask the same at once, whose answer the others wait for."""
        under_way = self._under_way[key] = asyncio.get_running_loop().create_future()
        kept = None
        try:
            kept = await self._found_or_read(key, question)
            return kept.found
        finally:
            del self._under_way[key]
            under_way.set_result(kept)

    async def _found_or_read(self, key: str, question: Question[R]) -> Kept[R]:
        kept = await self._find(key, question)
        over, snapshot = await self._look(question, kept)
        if kept is not None and not over:
            _hit.inc()
            return kept
        (_missed if kept is None else _changed).inc()
        fresh = Kept(snapshot, question.asked_at, await question.read(self.db))
        await self._keep(key, fresh, question.life(self._life))
        return fresh

    async def _look(self, question: Question[R], kept: Kept[R] | None) -> tuple[bool, str]:
        """Whether an answer is over, and the present snapshot."""
        fetch = self.db.reads.fetch
        if kept is None:
            ((snapshot,),) = await fetch(_SNAPSHOT, ())
            return True, snapshot
        covered = None if question.area is None else cells.covering(question.area)
        place = (None, 0) if covered is None else (covered.cells, cells.shift(covered.level))
        # Without dates no hold is looked at. Clocks of two processes may disagree a little.
        then, now = sorted([kept.asked_at, question.values.get("now", kept.asked_at)])
        ((over, snapshot),) = await fetch(_LOOK, (kept.snapshot, then, now, *place))
        return over, snapshot

    async def _find(self, key: str, question: Question[R]) -> Kept[R] | None:
        try:
            found = await self._brief.ask(lambda: self._redis.get(key))
            if found is None:
                return None
            kept: Kept[R] = _decoder(question.statement.kept_as).decode(found)
        except (Away, msgspec.MsgspecError):
            return None
        # Redis forgets it then; one that has come back from a copy may not have.
        return kept if abs(question.asked_at - kept.asked_at) < self._life else None

    async def _keep(self, key: str, kept: Kept[R], life: timedelta) -> None:
        try:
            value = msgspec.json.encode(kept)
            px = max(1, life // timedelta(milliseconds=1))
            await self._brief.ask(lambda: self._redis.set(key, value, px=px))
        except Away:
            # It is read again.
            pass


# Where searches read: anything that can be read from, or the cache in front of the database.
Source: TypeAlias = Reader | SearchCache


def reader_of(source: Source) -> Reader:
    """Where what is never kept is read."""
    return source.db if isinstance(source, SearchCache) else source


async def fetch(
    statement: Statement[R], source: Source, values: Mapping[str, Any], area: Area | None
) -> list[R]:
    """What a statement finds with those of the values that it has parameters for."""
    question = Question(statement, {name: values[name] for name in statement.given}, area)
    if isinstance(source, SearchCache):
        return await source.answer(question)
    return await question.read(source)


async def forget_changes(session: AsyncSession, now: datetime) -> int:
    """Delete some of the changes that no answer is as old as; returns how many."""
    oldest = (
        select(SearchChange.map_cell, SearchChange.changed_in, SearchChange.changed_at)
        .order_by(SearchChange.changed_in)
        .limit(BATCH)
        .subquery()
    )
    old = select(oldest.c.map_cell, oldest.c.changed_in).where(
        oldest.c.changed_at < now - CHANGES_KEPT
    )
    place = tuple_(SearchChange.map_cell, SearchChange.changed_in)
    gone = await session.execute(
        delete(SearchChange).where(place.in_(old)).returning(SearchChange.map_cell)
    )
    return len(gone.all())


@lru_cache(maxsize=TYPES)
def _decoder(kept_as: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(Kept[kept_as])


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)
