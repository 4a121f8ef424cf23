"""The data model's picture has every table and every foreign key, as they are."""

from pathlib import Path
from typing import Any

from sqlalchemy import Column, ForeignKeyConstraint, Table, UniqueConstraint

import db.models  # noqa: F401  (fills the metadata)
from db.base import Base

PICTURE = Path(__file__).parents[2] / "docs" / "data-model.md"


def drawn() -> list[str]:
    """The lines of the picture, without what opens it."""
    text = PICTURE.read_text()
    begin = text.index("erDiagram\n") + len("erDiagram\n")
    return [line.strip() for line in text[begin : text.index("```", begin)].splitlines()]


def expected() -> list[str]:
    """A line for each foreign key, and one for each table that has none and that none leads to."""
    tables = Base.metadata.sorted_tables
    keys = [(table, key) for table in tables for key in table.foreign_key_constraints]
    lines = [_line(table, key) for table, key in keys]
    related = {table.name for table, _ in keys} | {key.referred_table.name for _, key in keys}
    return sorted(table.name for table in tables if table.name not in related) + sorted(lines)


def _line(table: Table, key: ForeignKeyConstraint) -> str:
    columns = list(key.columns)
    parent = "|o" if any(column.nullable for column in columns) else "||"
    children = "o|" if _is_unique(table, columns) else "o{"
    name = ", ".join(column.name.removesuffix("_id") for column in columns)
    return f'{key.referred_table.name} {parent}--{children} {table.name} : "{name}"'


def _is_unique(table: Table, columns: list[Column[Any]]) -> bool:
    """Whether a parent has at most one."""
    keys = [each for each in table.constraints if isinstance(each, UniqueConstraint)]
    return any(list(key.columns) == columns for key in [table.primary_key, *keys])


def test_the_picture_shows_the_tables_as_they_are() -> None:
    assert drawn() == expected(), "docs/data-model.md should say:\n    " + "\n    ".join(expected())
