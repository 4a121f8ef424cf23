"""The words in which the inventory says what is held about people.

A table's rows belong to a person in one or several parts: a booking is the guest's and the host's.
Export and erasure are run from these declarations alone, so what is declared is what happens.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Uuid, bindparam

from db.base import Base

# Whose data it is about: a parameter of every statement that is made from a declaration.
PERSON: ColumnElement[Any] = bindparam("person", type_=Uuid)


# Compared by identity: their expressions have no equality of their own.
class Part(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A person's rows of one table, in one of the ways in which they are theirs."""

    model: type[Base]
    # Its name in the export.
    name: str
    # Which rows, by PERSON.
    whose: ColumnElement[bool]
    # What the export has of each row: columns as they are, and expressions by their names.
    exported: tuple[str, ...]
    derived: Mapping[str, ColumnElement[Any]]
    # What erasure does: the rows go, or these columns get another value.
    deleted: bool
    erased: Mapping[str, Any]
    # A column with the path of a file of the person's, which goes first.
    files: str | None


class Held(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A table: its parts, and why the other columns are neither exported nor erased."""

    model: type[Base]
    parts: tuple[Part, ...]
    # Column → reason.
    hidden: Mapping[str, str]
    kept: Mapping[str, str]

    @property
    def name(self) -> str:
        return str(self.model.__tablename__)


def held(
    model: type[Base],
    *parts: Part,
    hidden: Mapping[str, str] | None = None,
    kept: Mapping[str, str] | None = None,
) -> Held:
    """Declare a table. `hidden` and `kept` give reasons, each for columns in one line."""
    return Held(
        model=model, parts=parts, hidden=_by_column(hidden or {}), kept=_by_column(kept or {})
    )


def part(
    model: type[Base],
    name: str,
    whose: ColumnElement[bool],
    exported: str = "",
    *,
    derived: Mapping[str, Any] | None = None,
    deleted: bool = False,
    erased: Mapping[str, Any] | None = None,
    files: str | None = None,
) -> Part:
    """Declare a part; `exported` names columns in one line."""
    return Part(
        model=model,
        name=name,
        whose=whose,
        exported=tuple(exported.split()),
        derived=derived or {},
        deleted=deleted,
        erased=erased or {},
        files=files,
    )


def undeclared(table: Held) -> Iterator[str]:
    """What is wrong with a declaration, in words that say what to do."""
    columns = set(table.model.__table__.columns.keys())
    shown = {name for each in table.parts for name in (*each.exported, *each.derived)}
    changed = {name for each in table.parts for name in each.erased}
    gone = columns if any(each.deleted for each in table.parts) else changed
    for column in sorted(columns):
        where = f"{table.name}.{column}"
        if column not in shown | table.hidden.keys():
            yield f"{where}: name it in a part's `exported`, or in `hidden` with the reason"
        if column not in gone | table.kept.keys():
            yield (
                f"{where}: let a part's erasure delete the row or change it in `erased`,"
                " or name it in `kept` with the reason"
            )
        if column in shown & table.hidden.keys():
            yield f"{where}: it is exported and hidden"
        if column in gone & table.kept.keys():
            yield f"{where}: it is erased and kept"
    for column in sorted({*table.hidden, *table.kept, *changed} - columns):
        yield f"{table.name}.{column}: there is no such column any more"


def _by_column(reasons: Mapping[str, str]) -> Mapping[str, str]:
    """Column → reason, from the columns of each reason in one line."""
    return {column: reason for reason, columns in reasons.items() for column in columns.split()}
