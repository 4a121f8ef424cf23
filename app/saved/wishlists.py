"""Wishlists, each function inside the caller's transaction. Lock order: user, wishlist.

A list is its owner's alone until it is shared: then whoever has its address sees which places are
on it, and nothing of what the owner notes about them.
"""

from datetime import date, datetime
from secrets import token_urlsafe
from typing import Any
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.actor import Actor
from app.errors import Invalid, NotFound
from app.ids import new_id
from app.properties.terms import Guests
from app.text import plain_text
from db.enums import PropertyStatus
from db.models import Property, User, Wishlist, WishlistItem

MAX_WISHLISTS = 100
MAX_ITEMS = 500
MAX_NAME = 60
MAX_NOTE = 1_000
MAX_NIGHTS = 365
MAX_GUESTS = 50


class Notes(msgspec.Struct, frozen=True, kw_only=True):
    """What the owner notes about a place; UNSET stays as it is, and None takes away."""

    note: str | UnsetType | None = UNSET
    # Together: both dates, or None for both.
    dates: tuple[date, date] | UnsetType | None = UNSET
    guests: Guests | UnsetType | None = UNSET


async def create(session: AsyncSession, actor: Actor, name: str, now: datetime) -> UUID:
    """Begin another list of the caller's. Raises Invalid."""
    name, user_id = plain_text(name, "name", 1, MAX_NAME), actor.require_user()
    await lock_user(session, user_id)
    count = await session.scalar(select(func.count()).where(Wishlist.user_id == user_id))
    if (count or 0) >= MAX_WISHLISTS:
        raise Invalid(f"At most {MAX_WISHLISTS} wishlists can be kept.", field="name")
    wishlist_id = new_id()
    await session.execute(
        insert(Wishlist).values(id=wishlist_id, user_id=user_id, name=name, created_at=now)
    )
    return wishlist_id


async def rename(session: AsyncSession, actor: Actor, wishlist_id: UUID, name: str) -> None:
    """Call the caller's list something else. Raises NotFound, Invalid."""
    await _change(session, actor, wishlist_id, name=plain_text(name, "name", 1, MAX_NAME))


async def remove(session: AsyncSession, actor: Actor, wishlist_id: UUID) -> None:
    """Forget the caller's list and what is on it. Raises NotFound."""
    await _lock_own(session, actor, wishlist_id)
    await session.execute(delete(Wishlist).where(Wishlist.id == wishlist_id))


async def share(
    session: AsyncSession, actor: Actor, wishlist_id: UUID, *, anew: bool = False
) -> None:
    """Let whoever knows its token see the caller's list. Shared already, it keeps its token.

    `anew`: it gets another, and the one of before leads nowhere. Raises NotFound.
    """
    if anew or await _lock_own(session, actor, wishlist_id) is None:
        await _change(session, actor, wishlist_id, share_token=token_urlsafe(32))


async def unshare(session: AsyncSession, actor: Actor, wishlist_id: UUID) -> None:
    """Let nobody but the caller see their list any more. Raises NotFound."""
    await _change(session, actor, wishlist_id, share_token=None)


async def add(
    session: AsyncSession,
    actor: Actor,
    wishlist_id: UUID,
    property_id: UUID,
    notes: Notes,
    now: datetime,
) -> UUID:
    """Put a published place on the caller's list; return the item's id.

    A place that is on it already stays where it is, with what is noted now. Raises NotFound,
    Invalid.
    """
    columns = _columns(notes)
    await _lock_own(session, actor, wishlist_id)
    here = WishlistItem.wishlist_id == wishlist_id, WishlistItem.property_id == property_id
    item_id = await session.scalar(select(WishlistItem.id).where(*here))
    if item_id is not None:
        if columns:
            await session.execute(update(WishlistItem).where(*here).values(columns))
        return item_id
    await require_published(session, property_id)
    count = await session.scalar(
        select(func.count()).where(WishlistItem.wishlist_id == wishlist_id)
    )
    if (count or 0) >= MAX_ITEMS:
        raise Invalid(f"At most {MAX_ITEMS} places fit on a wishlist.", field="propertyId")
    item_id = new_id()
    row = {
        "id": item_id,
        "wishlist_id": wishlist_id,
        "user_id": actor.user_id,
        "property_id": property_id,
        "created_at": now,
    }
    await session.execute(insert(WishlistItem).values(row | columns))
    return item_id


async def take(session: AsyncSession, actor: Actor, wishlist_id: UUID, property_id: UUID) -> None:
    """Take a place off the caller's list, if it is on it. Raises NotFound."""
    await _lock_own(session, actor, wishlist_id)
    await session.execute(
        delete(WishlistItem).where(
            WishlistItem.wishlist_id == wishlist_id, WishlistItem.property_id == property_id
        )
    )


async def lock_user(session: AsyncSession, user_id: UUID) -> None:
    """Let what one person keeps change one after the other, so that bounds are kept."""
    await session.execute(select(User.id).where(User.id == user_id).with_for_update(key_share=True))


async def require_published(session: AsyncSession, property_id: UUID) -> None:
    """Raises NotFound unless everybody can see the property."""
    status = await session.scalar(select(Property.status).where(Property.id == property_id))
    if status != PropertyStatus.PUBLISHED:
        raise NotFound("There is no such property.")


async def _lock_own(session: AsyncSession, actor: Actor, wishlist_id: UUID) -> str | None:
    """Lock the caller's list; return its token. Raises NotFound."""
    found = await session.execute(
        select(Wishlist.share_token)
        .where(Wishlist.id == wishlist_id, Wishlist.user_id == actor.require_user())
        .with_for_update()
    )
    row = found.one_or_none()
    if row is None:
        raise NotFound("There is no such wishlist.")
    token: str | None = row.share_token
    return token


async def _change(session: AsyncSession, actor: Actor, wishlist_id: UUID, **columns: Any) -> None:
    changed = await session.execute(
        update(Wishlist)
        .where(Wishlist.id == wishlist_id, Wishlist.user_id == actor.require_user())
        .values(columns)
        .returning(Wishlist.id)
    )
    if changed.first() is None:
        raise NotFound("There is no such wishlist.")


def _columns(notes: Notes) -> dict[str, Any]:
    """The columns to set. Raises Invalid for notes that cannot be meant."""
    columns: dict[str, Any] = {}
    if notes.note is not UNSET:
        columns["note"] = plain_text(notes.note or "", "note", 0, MAX_NOTE)
    if notes.dates is not UNSET:
        check_in, check_out = notes.dates or (None, None)
        if check_in and check_out and not 1 <= (check_out - check_in).days <= MAX_NIGHTS:
            raise Invalid(f"A stay has between 1 and {MAX_NIGHTS} nights.", field="checkOut")
        columns |= {"check_in": check_in, "check_out": check_out}
    if notes.guests is not UNSET:
        columns |= _guests(notes.guests)
    return columns


def _guests(guests: Guests | None) -> dict[str, int | None]:
    if guests is None:
        return dict.fromkeys(Guests.__struct_fields__)
    counts: dict[str, int | None] = msgspec.structs.asdict(guests)
    for name, count in counts.items():
        if not 0 <= (count or 0) <= MAX_GUESTS:
            raise Invalid(f"Expected between 0 and {MAX_GUESTS}.", field=f"guests.{name}")
    return counts
