"""Stopping mail about a saved search: asked by a page, done by a post, as RFC 8058 has it."""

from uuid import UUID

import httpx2
import pytest
from sqlalchemy import insert, select

from app import clock
from app.config import Settings
from app.identity import tokens
from app.identity.links import EXPORT, SEARCH, code_of
from app.ids import new_id
from db.models import SavedSearch, SavedSearchMatch
from db.session import Database
from tests.support.world import add_host, add_property, add_user

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
async def search(db: Database) -> UUID:
    key, user = new_id(), await add_user(db)
    place = await add_property(db, await add_host(db))
    row = {"id": key, "user_id": user, "name": "Porto", "asked": {}, "wanted": {}}
    async with db.transaction() as session:
        alerts = {"email_alerts": True, "due_at": clock.now(), "looked_at": clock.now()}
        await session.execute(insert(SavedSearch).values(row | alerts))
        found = {"saved_search_id": key, "property_id": place}
        await session.execute(insert(SavedSearchMatch).values(found))
    return key


def path(settings: Settings, search: UUID, use: bytes = SEARCH) -> str:
    return f"/saved-searches/unsubscribe/{code_of(tokens.load_keys(settings), search, use)}"


async def has_alerts(db: Database) -> bool | None:
    async with db.read() as connection:
        return await connection.scalar(select(SavedSearch.email_alerts))


async def test_opening_the_link_only_asks(
    client: httpx2.AsyncClient, db: Database, settings: Settings, search: UUID
) -> None:
    page = await client.get(path(settings, search))
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert '<form method="post"><button>Stop these mails</button></form>' in page.text
    assert "form-action 'self'" in page.headers["content-security-policy"]
    assert await has_alerts(db) is True


async def test_a_post_stops_the_mail_as_often_as_it_comes(
    client: httpx2.AsyncClient, db: Database, settings: Settings, search: UUID
) -> None:
    for _ in range(2):
        done = await client.post(path(settings, search), data=ONE_CLICK)
        assert done.status_code == 200
        assert "<form" not in done.text
        assert await has_alerts(db) is False
    async with db.transaction() as session:
        await session.delete(await session.get_one(SavedSearch, search))
    assert (await client.post(path(settings, search), data=ONE_CLICK)).status_code == 200


async def test_only_the_mailed_code_stops_it(
    client: httpx2.AsyncClient, db: Database, settings: Settings, search: UUID
) -> None:
    for wrong in (path(settings, search)[:-2] + "AA", path(settings, search, EXPORT)):
        answer = await client.post(wrong, data=ONE_CLICK)
        assert (answer.status_code, answer.json()["code"]) == (400, "LINK_REFUSED")
    assert await has_alerts(db) is True
