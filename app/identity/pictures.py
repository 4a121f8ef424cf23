"""A person's picture: uploaded, replaced, taken away. Its files have names that nobody guesses.

There is a task that deletes a picture's files unless it is in use. It is in the outbox before
there is a file, due when an upload is long over, and again when a picture is replaced: so no
crash leaves a file behind, and none is deleted that a profile shows.
"""

import re
import secrets
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.actor import Actor
from app.errors import NotFound
from app.identity import limits
from app.identity.client import Client
from app.identity.events import PictureChanged
from app.limits import Limiter
from app.outbox import emit
from app.pictures.squares import squares
from app.storage import PEOPLE, PREFIX, Storage
from db.models import User
from db.session import Database

# In pixels; the profile's address is that of the first.
LARGE, SMALL = 512, 128
MAX_BYTES = 10 * 1024 * 1024
MEDIA_TYPE = "image/jpeg"
UPLOAD_IS_OVER = timedelta(hours=1)

_OURS = re.compile(rf"{PREFIX}{PEOPLE}([0-9a-f]{{32}})-{LARGE}\.jpg")


async def admit(limiter: Limiter, actor: Actor, client: Client) -> None:
    """Count an upload, before its bytes are looked at. Raises Unauthenticated, RateLimited."""
    await limiter.take(limits.picture(str(actor.require_user()), client.address))


async def set_picture(db: Database, storage: Storage, actor: Actor, raw: bytes) -> str:
    """Show this picture on the caller's profile from now on. Returns its address.

    Raises Invalid, Unauthenticated, NotFound when the account has gone, Unavailable.
    """
    user_id = actor.require_user()
    made = await squares(raw, (LARGE, SMALL))
    url = f"{PREFIX}{PEOPLE}{secrets.token_hex(16)}-{LARGE}.jpg"
    changed = PictureChanged(user_id=user_id, url=url)
    await db.run(lambda session: emit(session, changed, after=UPLOAD_IS_OVER))
    for key, content in zip(_keys(url), made, strict=True):
        await storage.put(key, content, MEDIA_TYPE)
    await db.run(lambda session: replace(session, user_id, url))
    return url


async def replace(session: AsyncSession, user_id: UUID, url: str | None) -> None:
    """Show another picture, or none; the files of the one before go after the commit.

    Raises NotFound when the account has gone.
    """
    found = await session.execute(
        select(User.picture_url).where(User.id == user_id).with_for_update(key_share=True)
    )
    before = found.first()
    if before is None:
        raise NotFound("This account no longer exists.")
    await session.execute(update(User).where(User.id == user_id).values(picture_url=url))
    if before.picture_url is not None and _keys(before.picture_url):
        await emit(session, PictureChanged(user_id=user_id, url=before.picture_url))


async def drop_unused(db: Database, storage: Storage, user_id: UUID, url: str) -> None:
    """Delete a picture's files unless it is its person's picture."""
    async with db.read() as connection:
        used = await connection.execute(
            select(User.id).where(User.id == user_id, User.picture_url == url)
        )
    if used.first() is None:
        await storage.remove(*_keys(url))


def small(url: str) -> str:
    """The address of the small one; whatever was not uploaded here has one size only."""
    return PREFIX + keys[1] if (keys := _keys(url)) else url


def _keys(url: str) -> tuple[str, ...]:
    """The keys of a picture's files, the large one first; none for what is not ours."""
    found = _OURS.fullmatch(url)
    return tuple(f"{PEOPLE}{found[1]}-{side}.jpg" for side in (LARGE, SMALL)) if found else ()
