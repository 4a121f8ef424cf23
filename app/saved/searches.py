"""Saved searches, each function inside the caller's transaction. Lock order: user, search.

A search with alerts is looked at when they are switched on, when nothing is new, and then every
morning. New is what matches then and did not at any look before: places that were published since,
and places that have changed, become cheaper or free, so that they match now. Each is new once. What
a look has found, when the next is due and the mail's outbox row are committed together, so that a
look that is cut short has told nobody anything, and is made again.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import structlog
from msgspec import UNSET, UnsetType
from sqlalchemy import and_, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from app.actor import Actor
from app.currencies.queries import latest
from app.errors import Invalid, NotFound
from app.ids import new_id
from app.outbox import emit
from app.properties.queries import PropertyRow
from app.properties.terms import Fees
from app.saved.events import NewMatchesFound
from app.saved.filters import Outdated, kept, restored
from app.saved.rules import next_morning
from app.saved.wishlists import lock_user
from app.search import pages
from app.search.filters import Filter
from app.search.pages import MAX_FIRST, NEEDED, Sort
from app.text import plain_text
from db.models import Property, SavedSearch, SavedSearchMatch, User
from db.shapes import shape

log = structlog.get_logger(__name__)

MAX_SEARCHES = 50
MAX_NAME = 60
# Of so many matches, the newest, is it noted that they were found.
MAX_NOTED = 500
# So many are shown in a mail.
MAX_SHOWN = 10

ONLY_IDS = shape(PropertyRow, NEEDED)


class Wanted(msgspec.Struct, frozen=True):
    """What is looked for, and how the client has put it."""

    filter: Filter
    asked: dict[str, Any]


async def save(
    session: AsyncSession,
    actor: Actor,
    name: str,
    wanted: Wanted,
    now: datetime,
    fees: Fees,
    *,
    email_alerts: bool,
) -> UUID:
    """Keep a search of the caller's. Raises Invalid, also for a search that cannot be made."""
    name, user_id = plain_text(name, "name", 1, MAX_NAME), actor.require_user()
    await lock_user(session, user_id)
    count = await session.scalar(select(func.count()).where(SavedSearch.user_id == user_id))
    if (count or 0) >= MAX_SEARCHES:
        raise Invalid(f"At most {MAX_SEARCHES} searches can be kept.", field="name")
    search_id = new_id()
    row = {"id": search_id, "user_id": user_id, "name": name, "created_at": now}
    looked_for = await _looked_for(session, wanted, now, fees)
    alerts = {"email_alerts": email_alerts, "due_at": now if email_alerts else None}
    await session.execute(insert(SavedSearch).values(row | looked_for | alerts))
    return search_id


async def change(
    session: AsyncSession,
    actor: Actor,
    search_id: UUID,
    now: datetime,
    fees: Fees,
    *,
    name: str | UnsetType = UNSET,
    wanted: Wanted | UnsetType = UNSET,
    email_alerts: bool | UnsetType = UNSET,
) -> None:
    """Change a search of the caller's. Raises NotFound, Invalid.

    Another filter, or alerts switched on, begin anew: what matches then is not new.
    """
    had_alerts = await _lock_own(session, actor, search_id)
    has_alerts = had_alerts if email_alerts is UNSET else email_alerts
    columns: dict[str, Any] = {}
    if name is not UNSET:
        columns["name"] = plain_text(name, "name", 1, MAX_NAME)
    if wanted is not UNSET:
        columns |= await _looked_for(session, wanted, now, fees)
    if wanted is not UNSET or has_alerts != had_alerts:
        due_at = now if has_alerts else None
        columns |= {"email_alerts": has_alerts, "due_at": due_at}
        columns |= {"looked_at": None, "published_since": None}
        await session.execute(
            delete(SavedSearchMatch).where(SavedSearchMatch.saved_search_id == search_id)
        )
    if columns:
        await session.execute(
            update(SavedSearch).where(SavedSearch.id == search_id).values(columns)
        )


async def remove(session: AsyncSession, actor: Actor, search_id: UUID) -> None:
    """Forget a search of the caller's. Raises NotFound."""
    await _lock_own(session, actor, search_id)
    await session.execute(delete(SavedSearch).where(SavedSearch.id == search_id))


async def stop_alerts(session: AsyncSession, search_id: UUID) -> None:
    """Send no more mail about a search, whoever's; nothing when there is none any more."""
    await session.execute(
        update(SavedSearch)
        .where(SavedSearch.id == search_id)
        .values(email_alerts=False, due_at=None, looked_at=None, published_since=None)
    )
    await session.execute(
        delete(SavedSearchMatch).where(SavedSearchMatch.saved_search_id == search_id)
    )


async def look(session: AsyncSession, search_id: UUID, now: datetime, fees: Fees) -> None:
    """Look for what is new, if it is time; let its owner be told unless it is the first look.

    Who has no verified address, is suspended or going is not looked for.
    """
    found = await session.execute(
        select(
            SavedSearch.user_id,
            SavedSearch.wanted,
            SavedSearch.looked_at,
            SavedSearch.published_since,
            User.timezone,
            and_(
                User.email_verified_at.is_not(None),
                User.suspended_at.is_(None),
                User.deletion_scheduled_at.is_(None),
            ).label("is_reached"),
        )
        .join(User, User.id == SavedSearch.user_id)
        .where(SavedSearch.id == search_id, SavedSearch.due_at <= now)
        .with_for_update(of=SavedSearch, skip_locked=True)
    )
    row = found.one_or_none()
    if row is None:
        return
    columns: dict[str, Any] = {"due_at": next_morning(now, row.timezone)}
    if row.is_reached:
        matches, is_all = await _matches(session, search_id, row.wanted, now, fees)
        new = await _note_new(session, search_id, matches, now)
        new = await _of_others(session, row.user_id, row.published_since, new)
        if new and row.looked_at is not None:
            await _tell(session, search_id, new)
        columns["looked_at"] = now
        if not is_all and row.published_since is None:
            columns["published_since"] = now
    await session.execute(update(SavedSearch).where(SavedSearch.id == search_id).values(columns))


async def put_off(session: AsyncSession, search_id: UUID, until: datetime) -> None:
    """Let a look that has failed be made later, after those of others."""
    await session.execute(
        update(SavedSearch)
        .where(SavedSearch.id == search_id, SavedSearch.due_at < until)
        .values(due_at=until)
    )


async def _lock_own(session: AsyncSession, actor: Actor, search_id: UUID) -> bool:
    """Lock the caller's search; return whether it has alerts. Raises NotFound."""
    alerts = await session.scalar(
        select(SavedSearch.email_alerts)
        .where(SavedSearch.id == search_id, SavedSearch.user_id == actor.require_user())
        .with_for_update()
    )
    if alerts is None:
        raise NotFound("There is no such saved search.")
    return alerts


async def _looked_for(
    session: AsyncSession, wanted: Wanted, now: datetime, fees: Fees
) -> dict[str, Any]:
    """The columns. Raises Invalid where the search itself would."""
    # By which rates does not matter to whether it can be made.
    await pages.search(session, wanted.filter, Sort.NEWEST, 1, None, now, fees, ONLY_IDS)
    return {"wanted": kept(wanted.filter), "asked": wanted.asked}


async def _matches(
    session: AsyncSession, search_id: UUID, wanted: dict[str, Any], now: datetime, fees: Fees
) -> tuple[list[UUID], bool]:
    """The newest matches, and whether that is all. None of a search that cannot be made any more:
    of dates that are over, or of a kind that is gone."""
    found: list[UUID] = []
    after: str | None = None
    try:
        filter, rates = restored(wanted), await latest(session)
        while len(found) < MAX_NOTED:
            page = await pages.search(
                session, filter, Sort.NEWEST, MAX_FIRST, after, now, fees, ONLY_IDS, rates=rates
            )
            found += [edge.property.id for edge in page.edges]
            if not page.has_next_page:
                return found, True
            after = page.edges[-1].cursor
    except (Outdated, Invalid) as error:
        log.info("saved search cannot be made", search_id=str(search_id), why=str(error))
        return [], True
    return found, False


async def _note_new(
    session: AsyncSession, search_id: UUID, matches: list[UUID], now: datetime
) -> list[UUID]:
    """Those that were never found before, in their order; from now on they were."""
    if not matches:
        return []
    rows = [{"saved_search_id": search_id, "property_id": key, "found_at": now} for key in matches]
    noted = await session.scalars(
        upsert(SavedSearchMatch).on_conflict_do_nothing().returning(SavedSearchMatch.property_id),
        rows,
    )
    new = set(noted)
    return [key for key in matches if key in new]


async def _of_others(
    session: AsyncSession, user_id: UUID, since: datetime | None, keys: list[UUID]
) -> list[UUID]:
    """Those that the person does not let themselves; since then published, if it matters."""
    if not keys:
        return []
    fresh = [] if since is None else [Property.published_at > since]
    found = await session.scalars(
        select(Property.id).where(Property.id.in_(keys), Property.host_id != user_id, *fresh)
    )
    others = set(found)
    return [key for key in keys if key in others]


async def _tell(session: AsyncSession, search_id: UUID, new: list[UUID]) -> None:
    event = NewMatchesFound(
        saved_search_id=search_id,
        look_id=new_id(),
        property_ids=tuple(new[:MAX_SHOWN]),
        count=len(new),
    )
    await emit(session, event)
