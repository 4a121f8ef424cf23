"""What is new in a saved search, and who is told of it, once."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import func, select, update

from app import clock
from app.actor import Actor
from app.config import Settings
from app.errors import Invalid, NotFound
from app.identity import tokens
from app.identity.links import SEARCH, code_of
from app.properties.terms import Fees
from app.runtime import open_runtime
from app.saved import flows, searches
from app.saved.events import NewMatchesFound
from app.saved.searches import Wanted
from app.search.filters import Filter
from db.models import OutboxMessage, Property, SavedSearch, SavedSearchMatch, User
from db.session import Database
from jobs import tasks
from tests.support.drain import drain
from tests.support.mailbox import Mailbox
from tests.support.world import add_host, add_property, add_user

tasks.load()
FEES = Fees(guest_fee_bp=1_200, host_fee_bp=300)
PORTO = Filter(city="Porto")


class Stage:
    """Somebody with a search for Porto, whose mornings come when told to."""

    def __init__(self, db: Database, user_id: UUID, host_id: UUID) -> None:
        self.db, self.host_id = db, host_id
        self.actor = Actor(user_id=user_id)
        self.now = clock.now()
        self.search = UUID(int=0)

    async def save(self, wanted: Filter = PORTO, *, email_alerts: bool = True) -> UUID:
        asked = Wanted(wanted, {"city": "Porto"})
        self.search = await self.db.run(
            lambda session: searches.save(
                session, self.actor, "Porto", asked, self.now, FEES, email_alerts=email_alerts
            )
        )
        return self.search

    async def change(self, **changes: Any) -> None:
        await self.db.run(
            lambda session: searches.change(
                session, self.actor, self.search, self.now, FEES, **changes
            )
        )

    async def place(self, **columns: Any) -> UUID:
        published = {"published_at": self.now, "city": "Porto"}
        return await add_property(self.db, self.host_id, **(published | columns))

    async def becomes(self, place: UUID, **columns: Any) -> None:
        async with self.db.transaction() as session:
            await session.execute(update(Property).where(Property.id == place).values(columns))

    async def person(self, **columns: Any) -> None:
        async with self.db.transaction() as session:
            own = User.id == self.actor.user_id
            await session.execute(update(User).where(own).values(columns))

    async def morning(self, days: int = 1) -> list[NewMatchesFound]:
        """Let so many days go by, look, and return what has been told in all."""
        self.now += timedelta(days=days)
        await flows.look_at_due(self.db, self.now, FEES)
        return await self.told()

    async def told(self) -> list[NewMatchesFound]:
        async with self.db.read() as connection:
            payloads = await connection.scalars(
                select(OutboxMessage.payload)
                .where(OutboxMessage.task == "notifications.new_matches")
                .order_by(OutboxMessage.id)
            )
            return [msgspec.convert(payload, NewMatchesFound) for payload in payloads]

    async def row(self) -> Any:
        async with self.db.read() as connection:
            found = await connection.execute(
                select(SavedSearch.__table__).where(SavedSearch.id == self.search)
            )
            return found.one()


@pytest.fixture
async def stage(db: Database) -> Stage:
    user_id = await add_user(db, email="ada@example.com", timezone="Europe/Lisbon")
    return Stage(db, user_id, await add_host(db))


async def test_each_new_match_is_told_once(stage: Stage) -> None:
    before, dear = await stage.place(), await stage.place(base_price_minor=900_00)
    await stage.save(Filter(city="Porto", currency="EUR", max_price_minor=200_00))
    # What there is when alerts begin is not new.
    assert await stage.morning(0) == []
    assert await stage.morning() == []
    new = await stage.place()
    [first] = await stage.morning()
    assert (first.property_ids, first.count) == ((new,), 1)
    assert len(await stage.morning()) == 1
    # It was there all the time, and matches since today; that one has come back.
    await stage.becomes(dear, base_price_minor=100_00)
    await stage.becomes(before, status="UNPUBLISHED")
    told = await stage.morning()
    assert [each.property_ids for each in told] == [(new,), (dear,)]
    await stage.becomes(before, status="PUBLISHED")
    assert await stage.morning() == told
    assert len({each.look_id for each in told}) == 2


async def test_it_is_looked_once_a_day_in_the_persons_morning(stage: Stage) -> None:
    stage.now = datetime.fromisoformat("2026-07-01T12:00+00:00")
    await stage.save()
    await stage.morning(0)
    await stage.place()
    for at, count in (("2026-07-02T06:59", 0), ("2026-07-02T07:00", 1), ("2026-07-02T23:00", 1)):
        await flows.look_at_due(stage.db, datetime.fromisoformat(f"{at}+00:00"), FEES)
        assert len(await stage.told()) == count
    tomorrow = datetime.fromisoformat("2026-07-03T07:00+00:00")
    assert (await stage.row()).due_at == tomorrow
    # A worker that comes late finds it done.
    late = tomorrow - timedelta(hours=1)
    await stage.db.run(lambda session: searches.look(session, stage.search, late, FEES))
    assert (await stage.row()).looked_at < late


async def test_workers_that_look_at_once_tell_once(stage: Stage) -> None:
    await stage.save()
    await stage.morning(0)
    await stage.place()
    stage.now += timedelta(days=1)
    await asyncio.gather(*(flows.look_at_due(stage.db, stage.now, FEES) for _ in range(4)))
    assert len(await stage.told()) == 1


async def test_a_look_that_is_cut_short_is_made_again_whole(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stage.save()
    await stage.morning(0)
    new = await stage.place()
    other = Stage(stage.db, await add_user(stage.db), stage.host_id)
    await other.save()

    async def dies(*_: Any, **__: Any) -> None:
        raise RuntimeError("the process ends here")

    # Everything is written by then, and nothing committed.
    with monkeypatch.context() as patched, pytest.raises(RuntimeError):
        patched.setattr(searches, "emit", dies)
        await stage.morning()
    async with stage.db.read() as connection:
        noted = select(func.count()).where(SavedSearchMatch.saved_search_id == stage.search)
        assert await connection.scalar(noted) == 0
    # The others were looked at all the same.
    assert (await other.row()).looked_at is not None
    assert await stage.morning(0) == []
    stage.now += flows.LATER
    [told] = await stage.morning(0)
    assert told.property_ids == (new,)


async def test_who_cannot_be_reached_is_not_looked_for(stage: Stage) -> None:
    await stage.save()
    await stage.morning(0)
    await stage.place()
    for state in ("email_verified_at", "suspended_at", "deletion_scheduled_at"):
        is_verified = state != "email_verified_at"
        await stage.person(**{state: stage.now if is_verified else None})
        assert await stage.morning() == []
        await stage.person(**{state: None if is_verified else stage.now})
    # Once they are, they are told what they have missed.
    assert len(await stage.morning()) == 1


async def test_own_places_are_no_news(stage: Stage) -> None:
    await stage.save()
    await stage.morning(0)
    assert stage.actor.user_id
    await add_property(stage.db, stage.actor.user_id, city="Porto")
    assert await stage.morning() == []


async def test_alerts_begin_anew_when_switched_on_or_for_another_filter(stage: Stage) -> None:
    await stage.save(email_alerts=False)
    assert (await stage.row()).due_at is None
    await stage.place()
    await stage.change(email_alerts=True)
    assert await stage.morning(0) == []
    await stage.change(wanted=Wanted(Filter(city="Faro"), {"city": "Faro"}))
    await stage.place(city="Faro")
    assert await stage.morning(0) == []
    await stage.place(city="Faro")
    await stage.change(name="Algarve")
    assert len(await stage.morning()) == 1
    await stage.change(email_alerts=False)
    await stage.place(city="Faro")
    assert len(await stage.morning()) == 1


async def test_a_search_with_more_matches_than_are_noted_tells_only_what_is_published_later(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searches, "MAX_NOTED", 2)
    monkeypatch.setattr(searches, "MAX_FIRST", 1)
    long_ago = stage.now - timedelta(days=9)
    old = [await stage.place(published_at=long_ago - timedelta(days=n)) for n in range(3)]
    await stage.save()
    assert await stage.morning(0) == []
    # The third comes up, and is not new; the fourth is.
    await stage.becomes(old[0], status="UNPUBLISHED")
    assert await stage.morning() == []
    stage.now += timedelta(hours=1)
    new = await stage.place()
    [told] = await stage.morning()
    assert told.property_ids == (new,)


async def test_a_search_that_cannot_be_made_any_more_finds_nothing(stage: Stage) -> None:
    await stage.save()
    async with stage.db.transaction() as session:
        broken = update(SavedSearch).values(wanted={"continent": "EU"})
        await session.execute(broken)
    await stage.place()
    for _ in range(2):
        assert await stage.morning() == []


async def test_what_cannot_be_searched_for_or_is_too_much_is_refused(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Invalid):
        await stage.save(Filter(min_price_minor=-1))
    monkeypatch.setattr(searches, "MAX_SEARCHES", 1)
    await stage.save()
    with pytest.raises(Invalid):
        await stage.save()
    other = Actor(user_id=await add_user(stage.db))
    for theft in (
        lambda session: searches.change(session, other, stage.search, stage.now, FEES, name="Mine"),
        lambda session: searches.remove(session, other, stage.search),
    ):
        with pytest.raises(NotFound):
            await stage.db.run(theft)


async def test_mail_says_what_is_new_and_how_to_stop_it(
    stage: Stage, settings: Settings, mailbox: Mailbox
) -> None:
    settings = msgspec.structs.replace(settings, smtp_url=mailbox.smtp_url)
    await stage.save()
    await stage.morning(0)
    gone, shown = await stage.place(title="Gone"), await stage.place(title="By the Douro")
    [told] = await stage.morning()
    assert told.count == 2
    await stage.becomes(gone, status="UNPUBLISHED")
    async with open_runtime(settings) as runtime:
        await drain(runtime)
    [mail] = mailbox.to("ada@example.com")
    assert mail.subject == "1 new place for “Porto”"
    assert "By the Douro, Porto" in mail.text
    assert "Gone" not in mail.text
    code = code_of(tokens.load_keys(settings), stage.search, SEARCH)
    url = f"{settings.public_url}/saved-searches/unsubscribe/{code}"
    assert f"Stop these mails: {url}" in mail.text
    headers = dict(mail.headers)
    assert headers["List-Unsubscribe"] == f"<{url}>"
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert str(told.look_id) in mail.message_id
    assert shown in told.property_ids


@pytest.mark.parametrize("stopped", ["alerts", "places", "address"])
async def test_what_nobody_wants_to_know_any_more_is_not_mailed(
    stage: Stage, settings: Settings, mailbox: Mailbox, stopped: str
) -> None:
    settings = msgspec.structs.replace(settings, smtp_url=mailbox.smtp_url)
    await stage.save()
    await stage.morning(0)
    new = await stage.place()
    await stage.morning()
    match stopped:
        case "alerts":
            await stage.change(email_alerts=False)
        case "places":
            await stage.becomes(new, status="UNPUBLISHED")
        case "address":
            await stage.person(email_verified_at=None)
    async with open_runtime(settings) as runtime:
        assert await drain(runtime) == ["notifications.new_matches"]
    assert mailbox.mails == []
