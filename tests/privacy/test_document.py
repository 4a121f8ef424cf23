"""The export: everything about the person, and nothing of anybody else's."""

from typing import Any

import msgspec
import pytest

from app import clock
from app.privacy import document
from app.privacy.inventory import PARTS
from db.session import Database
from tests.privacy.person import TOLD, fill


async def exported(db: Database, person: Any) -> tuple[str, dict[str, Any]]:
    async with db.read() as connection:
        raw = await document.compose(connection, person, clock.now())
    return raw.decode(), msgspec.json.decode(raw)


async def test_everything_is_in_it(db: Database) -> None:
    filled = await fill(db)
    text, parts = await exported(db, filled.person)
    for part in PARTS:
        if part.exported or part.derived:
            assert parts[part.name], (
                f"{part.name} is empty: give the person of tests/privacy/person.py a row of"
                f" {part.model.__tablename__}"
            )
    for mark in TOLD:
        assert mark in text, mark
    (account,) = parts["account"]
    assert account["hasPassword"] is True
    assert "hash" not in text
    assert "secret" not in text


async def test_nothing_of_the_other_side_is_in_it(db: Database) -> None:
    filled = await fill(db)
    text, parts = await exported(db, filled.person)
    assert "strange" not in text.lower()
    assert str(filled.stranger) not in text
    assert [each["host"] for each in parts["bookings"]] == ["Publicname"]
    assert [each["guest"] for each in parts["hostedBookings"]] == ["Publicname"]
    # Each side's own words: who said it is told by the actor.
    assert [each["reason"] for each in parts["bookingHistory"] if each["version"] > 1] == [
        "marked reason",
        None,
    ]
    # And the other way round.
    text, _ = await exported(db, filled.stranger)
    for mark in ("Markedlast", "marked@example.org", "marked message", "marked reason"):
        assert mark not in text


async def test_it_is_read_in_pages(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    filled = await fill(db)
    whole, _ = await exported(db, filled.person)
    monkeypatch.setattr(document, "PAGE", 1)
    paged, _ = await exported(db, filled.person)
    ours = "generatedAt"
    assert [line for line in paged.splitlines() if ours not in line] == [
        line for line in whole.splitlines() if ours not in line
    ]
