"""Erasure: nothing tells who it was, nothing of anybody else's is touched, no kill stops it."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import func, select, text, update

from app import clock
from app.config import Settings
from app.ledger import queries as books
from app.privacy import erasure, files
from app.privacy.inventory import FIRST, PARTS
from app.properties.photos import files as photos
from app.storage.opening import open_storage
from db.models import (
    Booking,
    BookingChange,
    OutboxMessage,
    PayoutAccount,
    Posting,
    Property,
    PropertyPhoto,
    PropertyPhotoUpload,
    Review,
    SignInEvent,
    User,
)
from db.session import Database
from tests.privacy.person import OTHER_MARKS, PHOTO, PICTURE, Filled, fill
from tests.support.postgres import plain
from tests.support.world import add_booking, add_property, add_user

# The only words that stay on purpose: a published review, what the books are compared by, and
# receipts and invoices as they were issued.
KEPT = {
    ("reviews", "comment"),
    ("payments", "provider_payment_id"),
    ("documents", "content"),
}


@pytest.fixture
async def filled(db: Database, settings: Settings) -> Filled:
    """The person of `fill`, with files, whose time has come."""
    filled = await fill(db)
    for address in (PICTURE, PHOTO, "/media/people/strange.png"):
        file = path_of(settings, address)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"a picture")
    await schedule(db, filled.person)
    return filled


def path_of(settings: Settings, address: str) -> Path:
    return settings.media_dir / address.removeprefix("/media/")


async def schedule(db: Database, user_id: UUID) -> None:
    async with db.transaction() as session:
        await session.execute(
            update(User).where(User.id == user_id).values(deletion_scheduled_at=clock.now())
        )


async def erase(db: Database, settings: Settings, user_id: UUID) -> bool:
    return await erasure.erase(db, open_storage(settings), user_id, clock.now())


async def traces(database_url: str, *marks: str) -> set[tuple[str, str]]:
    """Every column of the database, whatever it is for, in which one of the marks occurs."""
    connection = await asyncpg.connect(plain(database_url))
    try:
        columns = await connection.fetch(
            "SELECT c.table_name, c.column_name, c.udt_name FROM information_schema.columns c"
            " JOIN information_schema.tables t USING (table_schema, table_name)"
            " WHERE t.table_schema = 'public' AND t.table_type = 'BASE TABLE'"
        )
        found = set()
        for table, column, kind in columns:
            shown = f"encode({column}, 'escape')" if kind == "bytea" else f"{column}::text"
            for mark in marks:
                hit = await connection.fetchval(
                    f"SELECT true FROM {table} WHERE {shown} ILIKE '%' || $1 || '%' LIMIT 1", mark
                )
                if hit:
                    found.add((table, column))
        return found
    finally:
        await connection.close()


async def test_nothing_tells_who_it_was(
    db: Database, settings: Settings, filled: Filled, database_url: str
) -> None:
    marks = ("marked", *OTHER_MARKS)
    before = await traces(database_url, *marks)
    # Every table that the person has rows in is looked at.
    assert len(before) > 25
    assert await erase(db, settings, filled.person)
    # The last mail waits for the worker; its row is emptied once it is sent.
    async with db.transaction() as session:
        await session.execute(
            update(OutboxMessage)
            .where(OutboxMessage.task == "notifications.account_erased")
            .values(payload={})
        )
    assert await traces(database_url, *marks) == KEPT
    assert not path_of(settings, PICTURE).exists()
    assert not path_of(settings, PHOTO).exists()
    assert path_of(settings, "/media/people/strange.png").exists()


async def test_books_and_the_other_side_stay(
    db: Database, settings: Settings, filled: Filled, database_url: str
) -> None:
    strange = await traces(database_url, "strange")
    async with db.read() as connection:
        postings = await connection.scalar(select(func.count()).select_from(Posting))
    await erase(db, settings, filled.person)
    assert await traces(database_url, "strange") == strange
    async with db.read() as connection:
        assert await connection.scalar(select(func.count()).select_from(Posting)) == postings
        assert await books.verify(connection) == []
        person = (await connection.execute(select(User).where(User.id == filled.person))).one()
        assert (person.first_name, person.last_name, person.role) == ("Deleted user", "", "USER")
        assert person.password_hash is None
        assert person.email == f"{filled.person}@deleted.invalid"
        assert person.erased_at is not None
        assert person.deletion_scheduled_at is None
        stay = (await connection.execute(select(Booking).where(Booking.id == filled.stay))).one()
        assert (stay.guest_id, stay.total_minor, stay.message) == (filled.person, 300_00, "")
        hosted = (
            await connection.execute(select(Booking).where(Booking.id == filled.hosted))
        ).one()
        assert (hosted.message, hosted.cancellation_reason) == ("strange message", "strange reason")
        review = (
            await connection.execute(select(Review).where(Review.author_id == filled.person))
        ).one()
        assert (review.author_id, review.comment) == (filled.person, "marked review")
        place = (
            await connection.execute(select(Property).where(Property.id == filled.own_place))
        ).one()
        assert (place.status, place.title) == ("UNPUBLISHED", "A place in Lisbon")
        assert (place.latitude, place.longitude) == (place.public_latitude, place.public_longitude)
        reasons = await connection.execute(
            select(BookingChange.reason).where(BookingChange.version > 1).order_by("version")
        )
        assert reasons.scalars().all() == [None, "strange reason"]


class Killed(Exception):
    """The process died here."""


@pytest.mark.parametrize("step", [1, 5, 12])
async def test_killed_anywhere_it_goes_on(
    db: Database,
    settings: Settings,
    filled: Filled,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    step: int,
) -> None:
    calls = 0
    whole = erasure._erase_some

    async def dying(*args: Any) -> int:
        nonlocal calls
        calls += 1
        if calls == len(FIRST) + step:
            raise Killed
        return await whole(*args)

    with monkeypatch.context() as patch:
        patch.setattr(erasure, "_erase_some", dying)
        with pytest.raises(Killed):
            await erasure.erase_due(db, open_storage(settings), clock.now())
    async with db.read() as connection:
        user = (await connection.execute(select(User).where(User.id == filled.person))).one()
    # The account is gone, and the rest is known to be left.
    assert user.erased_at is not None
    assert user.deletion_scheduled_at is not None
    await erasure.erase_due(db, open_storage(settings), clock.now())
    async with db.transaction() as session:
        mails = await session.execute(
            update(OutboxMessage)
            .where(OutboxMessage.task == "notifications.account_erased")
            .values(payload={})
            .returning(OutboxMessage.id)
        )
    assert len(mails.all()) == 1
    assert await traces(database_url, "marked", *OTHER_MARKS) == KEPT
    # Once more changes nothing.
    assert not await erase(db, settings, filled.person)


async def test_many_rows_go_in_batches(
    db: Database, settings: Settings, filled: Filled, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasure, "BATCH", 2)
    for number in range(5):
        async with db.transaction() as session:
            await session.execute(
                text(
                    "INSERT INTO sign_in_events (id, user_id, kind, address)"
                    " VALUES (gen_random_uuid(), :user, 'SIGNED_IN', :address)"
                ),
                {"user": filled.person, "address": f"192.0.2.{number}"},
            )
    await erase(db, settings, filled.person)
    async with db.read() as connection:
        lines = await connection.execute(select(SignInEvent.address))
    assert lines.scalars().all() == [""] * 6


async def test_an_uploaded_picture_has_two_files(db: Database, filled: Filled) -> None:
    name = f"/media/people/{'a' * 32}"
    async with db.transaction() as session:
        await session.execute(
            update(User).where(User.id == filled.person).values(picture_url=f"{name}-512.jpg")
        )
    picture = next(part for part in PARTS if part.name == "picture")
    async with db.read() as connection:
        found = await files.own_files(connection, picture, filled.person)
    assert found == {f"{name}-512.jpg", f"{name}-128.jpg"}


async def test_a_photo_has_several_and_what_it_is_made_of(
    db: Database, settings: Settings, filled: Filled
) -> None:
    """Also of one that is being made."""
    storage = open_storage(settings)
    ready, coming = (f"/media/photos/{name * 32}-1920.webp" for name in "bc")
    async with db.transaction() as session:
        await session.execute(
            update(PropertyPhoto)
            .where(PropertyPhoto.property_id == filled.own_place)
            .values(url=ready)
        )
        await session.execute(update(PropertyPhotoUpload).values(url=coming))
    names = [key for url in (ready, coming) for key in (*photos.keys(url), photos.original(url))]
    for key in names:
        await storage.put(key, b"a picture", "image/webp")
    await erase(db, settings, filled.person)
    assert [await storage.size(key) for key in names] == [None] * 8


async def test_somebody_else_s_file_stays(db: Database, settings: Settings, filled: Filled) -> None:
    """People may name any address as theirs."""
    stolen = "/media/people/strange.png"
    async with db.transaction() as session:
        await session.execute(
            update(User).where(User.id == filled.stranger).values(picture_url=stolen)
        )
        await session.execute(update(PropertyPhoto).values(url=stolen))
        await session.execute(
            update(User)
            .where(User.id == filled.person)
            .values(picture_url="/media/../../outside.png")
        )
    outside = settings.media_dir.parent.parent / "outside.png"
    outside.write_bytes(b"not a picture of theirs")
    await erase(db, settings, filled.person)
    assert path_of(settings, stolen).exists()
    assert outside.exists()


async def test_what_came_up_meanwhile_puts_it_off(
    db: Database, settings: Settings, filled: Filled
) -> None:
    guest = await add_user(db)
    place = await add_property(db, filled.person)
    booking = await add_booking(db, place, guest, filled.person)
    assert not await erase(db, settings, filled.person)
    async with db.read() as connection:
        user = (await connection.execute(select(User).where(User.id == filled.person))).one()
    assert user.email == "marked@example.org"
    assert user.deletion_scheduled_at > clock.now() + timedelta(hours=23)
    async with db.transaction() as session:
        await session.execute(
            update(Booking).where(Booking.id == booking).values(status="COMPLETED")
        )
    await schedule(db, filled.person)
    assert await erase(db, settings, filled.person)


async def test_who_is_not_due_stays(db: Database, settings: Settings, filled: Filled) -> None:
    assert not await erase(db, settings, filled.stranger)
    async with db.transaction() as session:
        await session.execute(
            update(User).values(deletion_scheduled_at=clock.now() + timedelta(days=1))
        )
    await erasure.erase_due(db, open_storage(settings), clock.now())
    assert not await erase(db, settings, filled.person)
    async with db.read() as connection:
        erased = await connection.scalar(
            select(func.count()).select_from(User).where(User.erased_at.is_not(None))
        )
        accounts = await connection.scalar(select(func.count()).select_from(PayoutAccount))
    assert (erased, accounts) == (0, 2)


BLANK = "UPDATE sign_in_events SET address = '', user_agent = ''"
FORGET = "UPDATE booking_changes SET reason = NULL WHERE reason IS NOT NULL"
CHANGES = (
    "UPDATE sign_in_events SET address = ''",
    "UPDATE sign_in_events SET address = '192.0.2.9', user_agent = ''",
    f"{BLANK}, kind = 'SIGNED_OUT'",
    f"{BLANK}, user_id = NULL",
    f"{BLANK}, occurred_at = now()",
    "UPDATE booking_changes SET reason = 'better'",
    "UPDATE booking_changes SET reason = NULL, status = 'CONFIRMED'",
    "DELETE FROM sign_in_events",
    "DELETE FROM booking_changes",
    "TRUNCATE sign_in_events",
    "TRUNCATE booking_changes",
    "UPDATE postings SET amount_minor = 1",
    "UPDATE journal_entries SET occurred_at = now()",
)


async def test_append_only_tables_forget_that_and_nothing_else(
    filled: Filled, database_url: str
) -> None:
    connection = await asyncpg.connect(plain(database_url))
    try:
        # Without having said so, not even that.
        for statement in (BLANK, FORGET, *CHANGES):
            with pytest.raises(asyncpg.RestrictViolationError):
                await connection.execute(statement)
        async with connection.transaction():
            await connection.execute("SELECT set_config('roost.erasing', 'on', true)")
            for statement in CHANGES:
                with pytest.raises(asyncpg.RestrictViolationError):
                    async with connection.transaction():
                        await connection.execute(statement)
            for statement in (BLANK, FORGET):
                assert await connection.execute(statement) != "UPDATE 0"
        # And only as long as that transaction lasts.
        with pytest.raises(asyncpg.RestrictViolationError):
            await connection.execute(BLANK)
    finally:
        await connection.close()
