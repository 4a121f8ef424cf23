"""Reading what people keep for later. Whose it may be shown to is decided by who asks for it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Integer, Text, Uuid, bindparam, exists, select

from app.properties.terms import Guests
from app.saved.viewed import MAX_VIEWED
from db import rows
from db.enums import PropertyStatus
from db.models import (
    Property,
    SavedSearch,
    User,
    ViewedProperty,
    ViewHistoryOptOut,
    Wishlist,
    WishlistItem,
)
from db.statements import Reader, Statement


class WishlistRow(msgspec.Struct, frozen=True):
    """A list, for its owner alone."""

    id: UUID
    user_id: UUID
    name: str
    share_token: str | None
    created_at: datetime


class WishlistItemRow(msgspec.Struct, frozen=True):
    """A place on a list. Others whom the list is shared with see which place it is, no more."""

    id: UUID
    wishlist_id: UUID
    user_id: UUID
    property_id: UUID
    note: str
    check_in: date | None
    check_out: date | None
    adults: int | None
    children: int | None
    infants: int | None
    pets: int | None
    created_at: datetime

    @property
    def guests(self) -> Guests | None:
        if self.adults is None:
            return None
        return Guests(
            adults=self.adults,
            children=self.children or 0,
            infants=self.infants or 0,
            pets=self.pets or 0,
        )


class SharedWishlist(msgspec.Struct, frozen=True):
    """A list as those see it whom its owner gave the address."""

    id: UUID
    name: str
    owner_first_name: str


class View(msgspec.Struct, frozen=True):
    """A published place that somebody has looked at."""

    property_id: UUID
    viewed_at: datetime


class SavedSearchRow(msgspec.Struct, frozen=True):
    """A search that somebody keeps, for them alone."""

    id: UUID
    user_id: UUID
    name: str
    asked: dict[str, Any]
    email_alerts: bool
    created_at: datetime


WISHLISTS_OF = rows.Listing(model=Wishlist, row=WishlistRow, parent=Wishlist.user_id)
ITEMS_OF = rows.Listing(model=WishlistItem, row=WishlistItemRow, parent=WishlistItem.wishlist_id)

_WISHLISTS = rows.ByKey(Wishlist.id, WishlistRow)
_ITEMS = rows.ByKey(WishlistItem.id, WishlistItemRow)
_SEARCHES = rows.ByKey(SavedSearch.id, SavedSearchRow)
_SEARCHES_OF = rows.ByKey(SavedSearch.user_id, SavedSearchRow, SavedSearch.id.desc())
_LISTS_WITH: Statement[tuple[UUID, WishlistRow]] = Statement(
    lambda property_id, *values: (property_id, WishlistRow(*values)),
    lambda: (
        select(WishlistItem.property_id, *rows.columns(Wishlist, WishlistRow))
        .join(Wishlist, Wishlist.id == WishlistItem.wishlist_id)
        .where(
            WishlistItem.user_id == bindparam("user_id", type_=Uuid),
            rows.among(WishlistItem.property_id, "keys"),
        )
        .order_by(Wishlist.id.desc())
    ),
)
_SHARED: Statement[SharedWishlist] = Statement(
    SharedWishlist,
    lambda: (
        select(Wishlist.id, Wishlist.name, User.first_name)
        .join(User, User.id == Wishlist.user_id)
        .where(
            Wishlist.share_token == bindparam("token", type_=Text),
            User.suspended_at.is_(None),
            User.deletion_scheduled_at.is_(None),
        )
    ),
)
_VIEWED: Statement[View] = Statement(
    View,
    lambda: (
        select(ViewedProperty.property_id, ViewedProperty.viewed_at)
        .join(Property, Property.id == ViewedProperty.property_id)
        .where(
            ViewedProperty.user_id == bindparam("user_id", type_=Uuid),
            Property.status == PropertyStatus.PUBLISHED,
        )
        .order_by(ViewedProperty.viewed_at.desc(), ViewedProperty.property_id)
        .limit(bindparam("first", type_=Integer))
    ),
)
_IS_OFF: Statement[bool] = Statement(
    bool,
    lambda: select(exists().where(ViewHistoryOptOut.user_id == bindparam("user_id", type_=Uuid))),
)


async def wishlists(reader: Reader, ids: Sequence[UUID]) -> Mapping[UUID, WishlistRow]:
    """Lists by id, whoever's."""
    return await _WISHLISTS.one(reader, ids)


async def items(reader: Reader, ids: Sequence[UUID]) -> Mapping[UUID, WishlistItemRow]:
    """Places on lists by id, whoever's."""
    return await _ITEMS.one(reader, ids)


async def lists_with(
    reader: Reader, user_id: UUID, property_ids: Sequence[UUID]
) -> Mapping[UUID, list[WishlistRow]]:
    """Which lists of somebody's each place is on, the newest first."""
    found: defaultdict[UUID, list[WishlistRow]] = defaultdict(list)
    for property_id, row in await _LISTS_WITH.fetch(reader, user_id=user_id, keys=property_ids):
        found[property_id].append(row)
    return found


async def shared(reader: Reader, token: str) -> SharedWishlist | None:
    """The list that is shared by a token, if any is, and its owner is still here."""
    return await _SHARED.first(reader, token=token)


async def viewed(reader: Reader, user_id: UUID, first: int = MAX_VIEWED) -> list[View]:
    """What somebody looked at and can still be looked at, the latest first."""
    return await _VIEWED.fetch(reader, user_id=user_id, first=first)


async def keeps_views(reader: Reader, user_id: UUID) -> bool:
    """Whether somebody lets it be kept what they look at."""
    return not await _IS_OFF.first(reader, user_id=user_id)


async def searches(reader: Reader, ids: Sequence[UUID]) -> Mapping[UUID, SavedSearchRow]:
    """Saved searches by id, whoever's."""
    return await _SEARCHES.one(reader, ids)


async def searches_of(reader: Reader, user_id: UUID) -> list[SavedSearchRow]:
    """Somebody's saved searches, the newest first."""
    return (await _SEARCHES_OF.many(reader, [user_id])).get(user_id, [])
