"""Statements once: SELECTs on hot paths are written with SQLAlchemy, and compiled a single time.

SQLAlchemy spends ten times as long on a lookup as the driver beneath it, mostly on building the
statement, finding its text again and wrapping what comes back. So a read that many requests share
is a `Statement`: built and compiled when it is first run, then sent as a prepared statement on a
connection of `Database.reads`, whose records become rows without anything in between.
"""

import hashlib
import re
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any, Generic, TypeAlias, TypeVar

import msgspec
from sqlalchemy import (
    Boolean,
    ColumnElement,
    CompoundSelect,
    Dialect,
    Select,
    Text,
    bindparam,
    cast,
    literal_column,
    or_,
)
from sqlalchemy.dialects.postgresql.asyncpg import dialect as asyncpg_dialect
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.sql.compiler import SQLCompiler

from db.base import Base
from db.session import Database

R = TypeVar("R")

# Where a statement runs: on any connection, or within the transaction of a session.
Reader: TypeAlias = Database | AsyncConnection | AsyncSession
# A SELECT, or several by UNION.
Selection: TypeAlias = Select[*tuple[Any, ...]] | CompoundSelect[*tuple[Any, ...]]

_DIALECT: Dialect = asyncpg_dialect()  # type: ignore[no-untyped-call]
# What makes the driver's value of a parameter.
Process: TypeAlias = Callable[[Any], Any]


class _Json(Text):
    """JSON as PostgreSQL writes it, and what a `Statement` makes of it."""

    def __init__(self, kind: Any) -> None:
        super().__init__()
        self.kind = kind


class Statement(Generic[R]):
    """A SELECT of one shape, whose columns are what `row` is called with, by position.

    What differs from call to call is a named `bindparam` without a value; values that it was built
    with are parameters, too. Nothing that is given is ever written into the text.

    `kept_as` is the type of what `row` makes, where it may be kept as JSON (app.search.cache).
    """

    def __init__(
        self, row: Callable[..., R], build: Callable[[], Selection], kept_as: Any = None
    ) -> None:
        self._row = row
        self._build = build
        self.kept_as = kept_as

    async def fetch(self, reader: Reader, /, **values: Any) -> list[R]:
        """The rows. Raises TypeError for a parameter too many or too few."""
        if isinstance(reader, Database):
            return self._rows(await reader.reads.fetch(self.sql, self._arguments(values)))
        # In somebody's transaction: the session's, whose errors and cancelling are its own.
        return self._rows(await reader.execute(self._select, values))

    async def first(self, reader: Reader, /, **values: Any) -> R | None:
        """The first row, or None when there is none."""
        found = await self.fetch(reader, **values)
        return found[0] if found else None

    @cached_property
    def sql(self) -> str:
        """Its text, with $1, $2, … for the parameters."""
        return str(self._compiled)

    @cached_property
    def digest(self) -> str:
        """A name for its text and the values that it was built with."""
        return hashlib.sha256(f"{self.sql}\n{self._parameters[0]}".encode()).hexdigest()

    @cached_property
    def tables(self) -> frozenset[str]:
        """All tables that it may read: those whose names occur in its text."""
        return frozenset(re.findall(r"\w+", self.sql)) & Base.metadata.tables.keys()

    @cached_property
    def _select(self) -> Selection:
        return self._build()

    @cached_property
    def _compiled(self) -> SQLCompiler:
        compiled = self._select.compile(dialect=_DIALECT)
        assert isinstance(compiled, SQLCompiler)
        if compiled.post_compile_params:
            raise TypeError("IN lists change the text: compare with any_() of an array")
        return compiled

    @cached_property
    def _parameters(self) -> tuple[list[Any], dict[str, list[tuple[int, Process | None]]]]:
        """The driver's values, with gaps; and the places of those that are given, by name."""
        binds = self._compiled.binds
        fixed: list[Any] = []
        given: dict[str, list[tuple[int, Process | None]]] = {}
        for place, name in enumerate(self._compiled.positiontup or ()):
            bind = binds[name]
            process = bind.type.dialect_impl(_DIALECT).bind_processor(_DIALECT)
            if bind.required:
                given.setdefault(name, []).append((place, process))
                fixed.append(None)
            else:
                value = bind.effective_value
                fixed.append(value if process is None else process(value))
        return fixed, given

    @cached_property
    def given(self) -> frozenset[str]:
        """The names of its parameters."""
        return frozenset(self._parameters[1])

    def _arguments(self, values: dict[str, Any]) -> list[Any]:
        fixed, given = self._parameters
        if values.keys() != given.keys():
            raise TypeError(f"expected {sorted(given)}, not {sorted(values)}")
        arguments = fixed.copy()
        for name, places in given.items():
            value = values[name]
            for place, process in places:
                arguments[place] = value if process is None else process(value)
        return arguments

    @cached_property
    def _decoders(self) -> tuple[tuple[int, Callable[[str], Any]], ...]:
        """Of the columns that are JSON, by position."""
        return tuple(
            (position, _decoder(column.type.kind))
            for position, column in enumerate(self._select.selected_columns)
            if isinstance(column.type, _Json)
        )

    def _rows(self, records: Iterable[Iterable[Any]]) -> list[R]:
        row, decoders = self._row, self._decoders
        if not decoders:
            return [row(*record) for record in records]
        found = []
        for record in records:
            values = list(record)
            for position, decode in decoders:
                if values[position] is not None:
                    values[position] = decode(values[position])
            found.append(row(*values))
        return found


def _decoder(kind: Any) -> Callable[[str], Any]:
    return msgspec.Raw if kind is msgspec.Raw else msgspec.json.Decoder(kind).decode


def as_json(column: Any, kind: Any, name: str | None = None) -> ColumnElement[Any]:
    """A JSON column or expression, decoded into `kind`: any type that msgspec knows.

    `msgspec.Raw` is left as it is.
    """
    # As text, so that no driver decodes it into something more general first.
    return cast(column, _Json(kind)).label(name)


def never_generic() -> ColumnElement[bool]:
    """A condition that is always true, and has PostgreSQL plan the statement for its values.

    After five runs PostgreSQL compares what it has planned for values with a plan for any values,
    which it keeps if it looks no dearer. This one always does: where the parameter is not known to
    be true there is a count to nine quintillions to reckon with. Where it is known the count is
    gone before planning begins. It spares the round trips around a statement that setting
    plan_cache_mode would take, and works where connections are shared (PgBouncer).
    """
    endless = "(SELECT count(*) FROM generate_series(1, 9000000000000000000)) < 0"
    return or_(bindparam(None, True, Boolean, unique=True), literal_column(endless, Boolean))
