"""Shapes: as much of a row as somebody needs, and what belongs to it, read in one statement.

A shape of a row is a struct with some of the row's fields, its derived values, and whatever is
attached to it: other rows by `Related`, which PostgreSQL sends along as JSON, and values that it
computes by `Computed`. A field that a shape has not read is no attribute of it: using it raises
AttributeError, never shows something wrong.

What nobody looks at before it is sent is no shape but `Written`: JSON as it goes to the client.
"""

from collections.abc import Callable, Collection, Sequence
from functools import lru_cache
from types import CodeType
from typing import Any, Generic, TypeAlias, TypeVar

import msgspec
from msgspec import structs
from sqlalchemy import JSON, ColumnElement, func, literal_column, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import InstrumentedAttribute, aliased

from db.base import Base
from db.statements import as_json

R = TypeVar("R", bound=msgspec.Struct)
F = TypeVar("F", bound=Callable[..., Any])

# What PostgreSQL works out of a row: of a model, or of an alias of it.
Value: TypeAlias = Callable[[Any], ColumnElement[Any]]

# How many shapes are kept; the operations of an application make some dozens.
MOST_SHAPES = 512
PART_OF = "__part_of__"
IN_SQL = "__in_sql__"


class Related(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Rows that belong to a row: those whose `key` is the row's `parent`, both names of columns,
    and for which `only` holds, if it is given.

    One or none, the first in `order`; or with `many` a list of all.
    """

    name: str
    model: type[Base]
    row: type[msgspec.Struct]
    key: str = "id"
    parent: str
    many: bool = False
    only: Callable[[Any], ColumnElement[bool]] | None = None
    order: Callable[[Any], Any] | None = None

    def kind(self, like: "Like") -> Any:
        """The type of what is attached."""
        if isinstance(like, Written):
            return msgspec.Raw
        return list[like.row] if self.many else like.row | None  # type: ignore[name-defined]

    def column(self, of: Any, like: "Like") -> ColumnElement[Any]:
        """The rows as JSON."""
        other: Any = aliased(self.model)
        values = like.json(other)
        order = None if self.order is None else self.order(other)
        if self.many:
            listed = values if order is None else aggregate_order_by(values, order)
            values = func.coalesce(func.json_agg(listed), func.json_build_array())
        found = getattr(other, self.key) == getattr(of, self.parent)
        rows = select(values).where(found).correlate(of)
        if self.only is not None:
            rows = rows.where(self.only(other))
        if order is not None and not self.many:
            rows = rows.order_by(order).limit(literal_column("1"))
        return rows.scalar_subquery()


class Computed(msgspec.Struct, frozen=True, eq=False):
    """A value that PostgreSQL computes of a row's columns."""

    name: str
    type: Any
    sql: Value
    is_json: bool = False

    def column(self, of: Any) -> ColumnElement[Any]:
        """What a statement selects."""
        value = self.sql(of)
        return as_json(value, self.type, self.name) if self.is_json else value.label(self.name)


def in_sql(value: Callable[[Any], Any]) -> Callable[[F], F]:
    """Say of a derived value how PostgreSQL works it out; it is never null.

    An object is a mapping of its attributes, and null where one of them is. Stands beneath
    `@property`.
    """

    def mark(derive: F) -> F:
        setattr(derive, IN_SQL, value)
        return derive

    return mark


def sql_of(row: type[msgspec.Struct], name: str) -> Callable[[Any], Any] | None:
    """How PostgreSQL works out a derived value of a row, if that was said."""
    derived = getattr(row, name)
    sql: Callable[[Any], Any] | None = getattr(getattr(derived, "fget", None), IN_SQL, None)
    return sql


class Written:
    """A row as the JSON object that a client gets, written by PostgreSQL: values by name."""

    def __init__(self, entries: Sequence[tuple[str, Value]]) -> None:
        self._entries = tuple(entries)

    def json(self, of: Any) -> ColumnElement[Any]:
        """The object, of a model or an alias of it."""
        named = select(*(value(of).label(name) for name, value in self._entries))
        entry = named.correlate(of).subquery().table_valued()
        return select(func.row_to_json(entry)).scalar_subquery()


class Shape(Generic[R]):
    """Some fields of a row, in their order, with what is attached. Made by `shape`."""

    def __init__(
        self,
        of: type[R],
        fields: Collection[str],
        related: "Sequence[tuple[Related, Like]]",
        computed: Sequence[Computed],
    ) -> None:
        self._fields = [each for each in structs.fields(of) if each.name in fields]
        self._related = related
        self._computed = computed
        derived = {name: value for name, value in vars(of).items() if isinstance(value, property)}
        # Whoever reads a shape takes it for the whole row: what is missing is missed at once.
        self.row: type[R] = msgspec.defstruct(  # type: ignore[assignment]
            of.__name__,
            [
                *((each.name, each.type) for each in self._fields),
                *((each.name, each.kind(like)) for each, like in related),
                *((each.name, each.type) for each in computed),
            ],
            namespace={**derived, PART_OF: of},
            module=of.__module__,
            frozen=True,
            # In JSON as PostgreSQL builds it: values without their names.
            array_like=True,
        )

    @property
    def reads_only(self) -> frozenset[str]:
        """The fields that it is all made of; none, when it has rows of others."""
        if self._related:
            return frozenset()
        return frozenset(each.name for each in self._fields)

    def shows_only(self, fields: Collection[str]) -> bool:
        """Whether it is made of these fields, and of what PostgreSQL writes for everybody alike."""
        return all(each.name in fields for each in self._fields) and all(
            isinstance(like, Written) for _, like in self._related
        )

    def columns(self, of: Any) -> list[ColumnElement[Any]]:
        """What fills a `row`, in its order, for a statement's SELECT of a model or its alias."""
        return [
            *(column(getattr(of, each.name), each.type) for each in self._fields),
            *(
                as_json(each.column(of, like), each.kind(like), each.name)
                for each, like in self._related
            ),
            *(each.column(of) for each in self._computed),
        ]

    def json(self, of: Any) -> ColumnElement[Any]:
        """The same as a JSON array."""
        return func.json_build_array(
            *(getattr(of, each.name) for each in self._fields),
            *(each.column(of, like) for each, like in self._related),
            *(each.sql(of) for each in self._computed),
        )


# What related rows are read as.
Like: TypeAlias = Shape[Any] | Written


class Given(msgspec.Struct, Generic[R], frozen=True):
    """A shape whose columns have parameters, with their values."""

    shape: Shape[R]
    values: tuple[tuple[str, Any], ...]


# What rows can be read in.
Form: TypeAlias = Shape[R] | Given[R]


@lru_cache(maxsize=MOST_SHAPES)
def shape(
    row: type[R],
    fields: frozenset[str],
    related: tuple[tuple[Related, Like], ...] = (),
    computed: tuple[Computed, ...] = (),
) -> Shape[R]:
    """The shape of a row with these of its fields; the same object for the same ones."""
    return Shape(row, fields, related, computed)


def whole(row: type) -> type:
    """The row of which a struct is a shape; itself, when it is none."""
    of: type = getattr(row, PART_OF, row)
    return of


def fields_of(row: type[msgspec.Struct], name: str) -> frozenset[str]:
    """The fields that an attribute of a row is made of: itself, or those that a derived value's
    code names. Raises AttributeError for what is neither."""
    if name in row.__struct_fields__:
        return frozenset([name])
    derived = getattr(row, name)
    code = derived.fget.__code__ if isinstance(derived, property) and derived.fget else None
    named = _names(code) if code else ()
    return frozenset[str]().union(*(fields_of(row, each) for each in named if hasattr(row, each)))


def _names(code: CodeType) -> set[str]:
    inner = [each for each in code.co_consts if isinstance(each, CodeType)]
    return {*code.co_names}.union(*map(_names, inner))


def column(attribute: InstrumentedAttribute[Any], kind: Any) -> Any:
    """A model's column as it is read into a field of that type."""
    is_json = isinstance(attribute.type, JSON)
    return as_json(attribute, kind, attribute.key) if is_json else attribute
