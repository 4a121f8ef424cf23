"""Everything that is stored is declared: who gets it, and what becomes of it. Nothing is forgotten.

A new table or column goes red here. What to do: declare it in app/privacy/inventory/, in the file
of its feature, and give the person of tests/privacy/person.py a row in it; a value that could tell
who somebody is has `marked` in it there. Nothing else is needed: export and erasure follow.
"""

from typing import Any

from sqlalchemy import Column, Table
from sqlalchemy.dialects import postgresql

from app.privacy.declaring import Held, held, part, undeclared
from app.privacy.inventory import INVENTORY, PARTS
from db.base import Base
from db.models import PropertyTax, User

DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]


def complaints(inventory: tuple[Held, ...]) -> list[str]:
    """What the inventory does not say, and where to say it."""
    declared = {table.name: table for table in inventory}
    found = [
        f"{name}: declare the table in app/privacy/inventory/"
        for name in Base.metadata.tables
        if name not in declared
    ]
    for table in inventory:
        found += undeclared(table)
        found += [
            f"{table.name}.{column}: it names a user, but no part is about whose rows those are"
            for column in people_in(table.model.__table__)
            if not any(f"{table.name}.{column}" in sql(each.whose) for each in table.parts)
        ]
    return found


def people_in(table: Any) -> list[str]:
    assert isinstance(table, Table)
    return [column.name for column in table.columns if names_a_user(column)]


def names_a_user(column: Column[Any]) -> bool:
    return any(key.column is User.__table__.c.id for key in column.foreign_keys)


def sql(expression: Any) -> str:
    return str(expression.compile(dialect=DIALECT))


def test_every_table_and_column_is_declared() -> None:
    assert complaints(INVENTORY) == []


def test_each_part_has_a_name_of_its_own() -> None:
    assert len({each.name for each in PARTS}) == len(PARTS)


def test_what_is_not_declared_is_told_with_what_to_do() -> None:
    """The test above can fail: for a table, for a column, and for whose rows those are."""
    without_taxes = tuple(table for table in INVENTORY if table.model is not PropertyTax)
    assert complaints(without_taxes) == [
        "property_taxes: declare the table in app/privacy/inventory/"
    ]
    properties = next(table for table in INVENTORY if table.name == "properties")
    (whole,) = properties.parts
    short = held(
        properties.model,
        part(whole.model, whole.name, whole.model.__table__.c.id.is_not(None), "id title"),
        hidden={"why": "host_id"},
        kept={"why": "id title gone"},
    )
    told = complaints((*(table for table in INVENTORY if table.name != "properties"), short))
    assert (
        "properties.address: name it in a part's `exported`, or in `hidden` with the reason" in told
    )
    assert (
        "properties.address: let a part's erasure delete the row or change it in `erased`,"
        " or name it in `kept` with the reason" in told
    )
    assert "properties.gone: there is no such column any more" in told
    assert "properties.host_id: it names a user, but no part is about whose rows those are" in told


def test_nothing_is_said_twice_about_a_column() -> None:
    everything = "id property_id name kind rate_bp amount_minor max_nights long_stays_exempt"
    table = held(
        PropertyTax,
        part(PropertyTax, "taxes", PropertyTax.id.is_not(None), "id", erased={"name": ""}),
        hidden={"why": everything},
        kept={"why": everything},
    )
    assert list(undeclared(table)) == [
        "property_taxes.id: it is exported and hidden",
        "property_taxes.name: it is erased and kept",
    ]
