"""Photos from a file that a host sends to what everybody sees, and what may go wrong between."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeAlias
from uuid import UUID

import pytest
from sqlalchemy import delete, select, update

from app import clock
from app.actor import Actor
from app.config import Settings
from app.errors import Invalid, NotFound, RateLimited, Unavailable
from app.ids import new_id
from app.limits import Limiter
from app.properties.errors import StaleVersion
from app.properties.photos import files, flows, queries, service
from app.properties.photos.service import LASTS, MAX_BYTES, Begun, NewPhoto
from app.storage import Storage
from app.storage.opening import open_storage
from db.enums import PhotoFailure
from db.models import OutboxMessage, Property, PropertyPhoto, PropertyPhotoUpload
from db.session import Database
from tests.pictures.test_squares import picture
from tests.support.world import NOW, add_host, add_photo, add_property

PHOTO = picture(size=(500, 490))
DAY = timedelta(days=1)
Kept: TypeAlias = Callable[[], set[str]]


class Killed(BaseException):
    """The process is gone."""


class House:
    """A host's published property, and where its photos are kept."""

    def __init__(self, db: Database, storage: Storage, host: UUID, place: UUID) -> None:
        self.db, self.storage, self.place = db, storage, place
        self.actor = Actor(user_id=host)

    async def begin(self, *sizes: int, **more: Any) -> list[Begun]:
        photos = [NewPhoto(media_type="image/jpeg", size=size, **more) for size in sizes]
        return await self.db.run(
            lambda session: service.begin(session, self.actor, self.place, photos, NOW)
        )

    async def send(self, *contents: bytes) -> list[Begun]:
        """Begin uploads, send the files, and complete them."""
        begun = await self.begin(*map(len, contents))
        for each, content in zip(begun, contents, strict=True):
            await self.storage.put(files.original(each.url), content, "image/jpeg")
        await self.complete(*begun)
        return begun

    async def complete(self, *begun: Begun, actor: Actor | None = None) -> UUID:
        ids = [each.id for each in begun]
        return await flows.complete(self.db, self.storage, actor or self.actor, ids, NOW)

    async def make(self, *begun: Begun) -> None:
        for each in begun:
            await flows.make(self.db, self.storage, each.id)

    async def status(self, upload: Begun) -> tuple[str, str | None]:
        row = (await queries.uploads(self.db, [upload.id]))[upload.id]
        return row.status, row.failure

    async def photos(self) -> list[Any]:
        async with self.db.read() as connection:
            found = await connection.execute(
                select(PropertyPhoto.__table__)
                .where(PropertyPhoto.property_id == self.place)
                .order_by(PropertyPhoto.position)
            )
            return list(found)

    async def version(self) -> int:
        async with self.db.read() as connection:
            found = await connection.scalar(
                select(Property.version).where(Property.id == self.place)
            )
        assert found is not None
        return found


@pytest.fixture
async def house(db: Database, settings: Settings) -> House:
    host = await add_host(db)
    return House(db, open_storage(settings), host, await add_property(db, host))


@pytest.fixture
def kept(settings: Settings) -> Kept:
    """The names of all files that there are."""

    def names() -> set[str]:
        root = settings.media_dir
        return {str(each.relative_to(root)) for each in root.rglob("*") if each.is_file()}

    return names


def names_of(*begun: Begun) -> set[str]:
    return {key for each in begun for key in files.keys(each.url)}


async def test_a_file_becomes_a_photo(house: House, kept: Kept) -> None:
    [sent] = await house.send(PHOTO)
    assert await house.status(sent) == ("PROCESSING", None)
    assert len(await house.photos()) == 1
    version = await house.version()
    # Again changes nothing: whoever asks twice, and a task that runs twice.
    for _ in range(2):
        await house.make(sent)
        assert await house.status(sent) == ("READY", None)
        assert kept() == names_of(sent)
        assert await house.complete(sent) == house.place
    _, photo = await house.photos()
    assert (photo.id, photo.url, photo.position) == (sent.id, sent.url, 1)
    assert (photo.width, photo.height, len(photo.placeholder)) == (500, 490, 28)
    # Whoever edits the place meanwhile is not told that it is another one now.
    assert await house.version() == version
    async with house.db.read() as connection:
        tasks = await connection.execute(select(OutboxMessage.task))
    assert tasks.scalars().all() == ["properties.make_photo"]


@pytest.mark.parametrize(
    ("content", "announced", "failure"),
    [
        (b"<svg/>", 6, PhotoFailure.UNREADABLE),
        (picture(size=(479, 900)), None, PhotoFailure.TOO_SMALL),
        (PHOTO + b"x", len(PHOTO), PhotoFailure.WRONG_SIZE),
        (b"", 1, PhotoFailure.WRONG_SIZE),
    ],
)
async def test_a_file_that_is_no_photo(
    house: House, kept: Kept, content: bytes, announced: int | None, failure: PhotoFailure
) -> None:
    [begun] = await house.begin(announced or len(content))
    await house.storage.put(files.original(begun.url), content, "image/jpeg")
    await house.complete(begun)
    await house.make(begun)
    assert await house.status(begun) == ("FAILED", failure)
    assert kept() == set()
    assert len(await house.photos()) == 1
    # It does not come back.
    await house.complete(begun)
    assert await house.status(begun) == ("FAILED", failure)
    [told] = (await queries.uploads_of(house.db, [house.place]))[house.place]
    assert told.id == begun.id


async def test_a_file_that_has_gone(house: House) -> None:
    [sent] = await house.send(PHOTO)
    await house.storage.remove(files.original(sent.url))
    await house.make(sent)
    assert await house.status(sent) == ("FAILED", PhotoFailure.MISSING)


async def test_only_what_was_sent_is_completed(house: House) -> None:
    sent, other = await house.begin(len(PHOTO), 1)
    await house.storage.put(files.original(sent.url), PHOTO, "image/jpeg")
    with pytest.raises(Invalid, match="Send the file"):
        await house.complete(sent, other)
    assert await house.status(sent) == ("AWAITING_FILE", None)
    stranger = Actor(user_id=await add_host(house.db))
    with pytest.raises(NotFound):
        await house.complete(sent, actor=stranger)
    elsewhere = House(house.db, house.storage, stranger.require_user(), house.place)
    with pytest.raises(NotFound):
        await elsewhere.begin(1)
    second = await add_property(house.db, house.actor.require_user())
    [there] = await House(house.db, house.storage, house.actor.require_user(), second).send(PHOTO)
    with pytest.raises(Invalid, match="several"):
        await house.complete(sent, there)
    with pytest.raises(NotFound):
        await flows.complete(house.db, house.storage, house.actor, [new_id()], NOW)


@pytest.mark.parametrize(
    ("photos", "field"),
    [
        ([], "files"),
        ([NewPhoto(media_type="image/png", size=1)] * 50, "files"),
        ([NewPhoto(media_type="image/svg+xml", size=1)], "files.contentType"),
        ([NewPhoto(media_type="image/png", size=0)], "files.size"),
        ([NewPhoto(media_type="image/png", size=MAX_BYTES + 1)], "files.size"),
        ([NewPhoto(media_type="image/png", size=1, caption="x" * 301)], "files.caption"),
    ],
)
async def test_what_is_refused_at_once(house: House, photos: list[NewPhoto], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        await house.db.run(
            lambda session: service.begin(session, house.actor, house.place, photos, NOW)
        )
    assert refused.value.field == field


async def test_photos_keep_the_order_in_which_they_were_chosen(house: House) -> None:
    one, two, three = await house.send(PHOTO, PHOTO, PHOTO)
    [cover] = [row.id for row in await house.photos()]
    await house.make(three, one)
    assert [row.id for row in await house.photos()] == [cover, one.id, three.id]
    # Its place is taken now.
    await house.db.run(
        lambda session: service.reorder(
            session, house.actor, house.place, [three.id, cover, one.id], NOW
        )
    )
    await house.make(two)
    assert [row.id for row in await house.photos()] == [three.id, cover, one.id, two.id]


async def test_more_than_fifty_never(house: House) -> None:
    done = await asyncio.gather(*(house.begin(*[1] * 25) for _ in range(3)), return_exceptions=True)
    assert sorted(isinstance(each, Invalid) for each in done) == [False, True, True]


async def test_captions_order_and_deletion_are_edits(house: House, kept: Kept) -> None:
    sent, other = await house.send(PHOTO, PHOTO)
    await house.make(sent, other)
    cover = (await house.photos())[0].id
    actor, version = house.actor, await house.version()

    async def edit(function: Any, *arguments: Any) -> Any:
        return await house.db.run(lambda session: function(session, actor, *arguments))

    assert await edit(service.describe, sent.id, " Hall ", NOW, version) == house.place
    await edit(service.reorder, house.place, [other.id, cover, sent.id], NOW, version + 1)
    assert await edit(service.remove, cover, NOW, version + 2) == house.place
    found = [(row.id, row.position, row.caption) for row in await house.photos()]
    assert found == [(other.id, 0, ""), (sent.id, 1, "Hall")]
    assert await house.version() == version + 3
    stale: tuple[tuple[Any, tuple[Any, ...]], ...] = (
        (service.describe, (sent.id, "Another", NOW, version)),
        (service.reorder, (house.place, [sent.id, other.id], NOW, version)),
        (service.remove, (sent.id, NOW, version)),
    )
    for function, arguments in stale:
        with pytest.raises(StaleVersion):
            await edit(function, *arguments)
    for order in ([sent.id], [sent.id, sent.id], [sent.id, other.id, cover], []):
        with pytest.raises(Invalid):
            await edit(service.reorder, house.place, order, NOW)
    actor = Actor(user_id=await add_host(house.db))
    foreign: tuple[tuple[Any, tuple[Any, ...]], ...] = (
        (service.describe, (sent.id, "Mine", NOW)),
        (service.reorder, (house.place, [sent.id, other.id], NOW)),
        (service.remove, (sent.id, NOW)),
        (service.remove, (new_id(), NOW)),
    )
    for function, arguments in foreign:
        with pytest.raises(NotFound):
            await edit(function, *arguments)
    actor = house.actor
    await edit(service.remove, sent.id, NOW)
    with pytest.raises(Invalid, match="published"):
        await edit(service.remove, other.id, NOW)
    assert await house.version() == version + 4
    await flows.drop_unused(house.db, house.storage, sent.url)
    await flows.drop_unused(house.db, house.storage, other.url)
    await flows.drop_unused(house.db, house.storage, "/media/demo/1.svg")
    assert kept() == names_of(other)


async def test_files_that_two_places_show_stay_until_neither_does(house: House, kept: Kept) -> None:
    [sent] = await house.send(PHOTO)
    await house.make(sent)
    second = await add_property(house.db, house.actor.require_user())
    copy = await add_photo(house.db, second, position=1, url=sent.url)
    for photo_id, left in ((sent.id, names_of(sent)), (copy, set[str]())):
        await house.db.run(lambda session: service.remove(session, house.actor, photo_id, NOW))  # noqa: B023
        await flows.drop_unused(house.db, house.storage, sent.url)
        assert kept() == left


@pytest.mark.parametrize("step", ["size", "read", "put", "second put", "remove"])
async def test_the_worker_dies_at_any_step(
    house: House, kept: Kept, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    [sent] = await house.send(PHOTO)
    name = step.split()[-1]
    whole, calls = getattr(house.storage, name), 0

    async def dying(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == (2 if "second" in step else 1):
            raise Killed
        return await whole(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(house.storage, name, dying)
        with pytest.raises(Killed):
            await house.make(sent)
    await house.make(sent)
    assert await house.status(sent) == ("READY", None)
    assert kept() == names_of(sent)
    assert [row.id for row in await house.photos()][1:] == [sent.id]


async def test_two_workers_at_once_make_one_photo(house: House, kept: Kept) -> None:
    [sent] = await house.send(PHOTO)
    await asyncio.gather(house.make(sent), house.make(sent))
    assert await house.status(sent) == ("READY", None)
    assert kept() == names_of(sent)
    assert len(await house.photos()) == 2


async def test_storage_that_is_away_fails_nothing_for_good(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: Any) -> Any:
        raise Unavailable("Not now.")

    [sent] = await house.send(PHOTO)
    for name in ("size", "read", "put", "remove"):
        with monkeypatch.context() as patch:
            patch.setattr(house.storage, name, away)
            with pytest.raises(Unavailable):
                await house.make(sent)
            if name != "remove":
                assert await house.status(sent) == ("PROCESSING", None)
    await house.make(sent)
    assert await house.status(sent) == ("READY", None)


async def test_what_is_over_is_forgotten_with_its_files(house: House, kept: Kept) -> None:
    abandoned, late = await house.begin(len(PHOTO), len(PHOTO))
    for each in (abandoned, late):
        await house.storage.put(files.original(each.url), PHOTO, "image/jpeg")
    ready, failed = await house.send(PHOTO, b"no photo")
    await house.make(ready, failed)
    # Sent once more by an address that is still good.
    await house.storage.put(files.original(ready.url), PHOTO, "image/jpeg")
    now = clock.now()

    async def left(after: timedelta) -> dict[UUID, str]:
        # As if all had been begun now.
        await flows.forget(house.db, house.storage, max(now, NOW) + after)
        async with house.db.read() as connection:
            found = await connection.execute(
                select(PropertyPhotoUpload.id, PropertyPhotoUpload.status)
            )
            return {row.id: row.status for row in found}

    async with house.db.transaction() as session:
        await session.execute(
            update(PropertyPhotoUpload)
            .where(PropertyPhotoUpload.id.in_([abandoned.id, late.id]))
            .values(forget_at=max(now, NOW) + 2 * LASTS)
        )
    assert len(await left(LASTS)) == 4
    assert set(await left(3 * LASTS)) == {ready.id, failed.id}
    assert kept() == names_of(ready) | {files.original(ready.url)}
    assert set(await left(2 * DAY)) == {failed.id}
    assert kept() == names_of(ready)
    assert await left(9 * DAY) == {}
    assert len(await house.photos()) == 2


async def test_who_is_erased_meanwhile_leaves_no_file(
    house: House, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    [sent] = await house.send(PHOTO)
    whole = house.storage.put

    async def erased(key: str, content: bytes, media_type: str) -> None:
        await whole(key, content, media_type)
        async with house.db.transaction() as session:
            await session.execute(delete(PropertyPhotoUpload))

    monkeypatch.setattr(house.storage, "put", erased)
    await house.make(sent)
    assert kept() == set()
    assert len(await house.photos()) == 1
    await house.make(sent)


async def test_only_so_many_an_hour(house: House, settings: Settings) -> None:
    limiter = Limiter(settings.redis_url)
    photos = [NewPhoto(media_type="image/png", size=0)] * 50

    async def begin() -> None:
        await flows.begin(
            house.db, house.storage, limiter, house.actor, "192.0.2.1", house.place, photos, NOW
        )

    for _ in range(4):
        with pytest.raises(Invalid):
            await begin()
    with pytest.raises(RateLimited):
        await begin()
    await limiter.close()
