"""Looking at all saved searches whose time has come, and stopping mail by a mailed link."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from app.identity import limits
from app.identity.client import Client
from app.identity.errors import LinkRefused
from app.identity.links import SEARCH, link_of
from app.identity.tokens import TokenKeys
from app.limits import Limiter
from app.properties.terms import Fees
from app.saved.searches import look, put_off, stop_alerts
from db.models import SavedSearch
from db.session import Database

# Searches of one sweep; the next takes the others.
MOST = 200
# A look that fails is made again after this time.
LATER = timedelta(hours=1)


async def look_at_due(db: Database, now: datetime, fees: Fees) -> int:
    """Look at the searches that are due, each in a transaction of its own. Returns how many.

    One that fails does not keep the others from theirs; the failure is raised then.
    """
    async with db.read() as connection:
        found = await connection.execute(
            select(SavedSearch.id)
            .where(SavedSearch.due_at <= now)
            .order_by(SavedSearch.due_at)
            .limit(MOST)
        )
        due = list(found.scalars())
    failures: list[Exception] = []
    for key in due:
        try:
            await _look(db, key, now, fees)
        except Exception as error:
            failures.append(error)
            await _put_off(db, key, now + LATER)
    if failures:
        raise failures[0]
    return len(due)


async def unsubscribe(
    db: Database, limiter: Limiter, keys: TokenKeys, code: str, client: Client
) -> None:
    """Send no more mail about the search that a mailed code is for. Again changes nothing.

    Raises LinkRefused, RateLimited.
    """
    await limiter.take(limits.mailed_code(client.address))
    search_id = link_of(keys, code, SEARCH)
    if search_id is None:
        raise LinkRefused
    await db.run(lambda session: stop_alerts(session, search_id))


async def _look(db: Database, search_id: UUID, now: datetime, fees: Fees) -> None:
    await db.run(lambda session: look(session, search_id, now, fees))


async def _put_off(db: Database, search_id: UUID, until: datetime) -> None:
    await db.run(lambda session: put_off(session, search_id, until))
