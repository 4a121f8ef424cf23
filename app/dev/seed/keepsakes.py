"""What the demo's first guest keeps for later: wishlists, places looked at, a search with mail."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from app.dev.seed.catalogue import Offer
from app.dev.seed.ids import id_at
from app.dev.seed.rows import Rows
from app.gazetteer import places
from app.saved.filters import kept
from app.search.filters import Area, Filter
from db.models import SavedSearch, ViewedProperty, Wishlist, WishlistItem

# A list's name, its token if it is shared, and its places with what is noted about them.
LISTS: Sequence[tuple[str, str | None, Sequence[tuple[str, str]]]] = (
    (
        "By the water",
        "demo-by-the-water",
        (
            ("Houseboat of the old river trade", ""),
            ("Palm House on the lagoon", "Room for all six of us"),
            ("Painter's attic with a river view", "The light in the pictures!"),
        ),
    ),
    (
        "Kyoto, some spring",
        None,
        (
            ("Weaver's workshop with a loom", "Ask whether the loom still works"),
            ("Cabin at the end of the bamboo", ""),
        ),
    ),
)
SEEN = ("Writer's room on São Marçal", "Jasmine Street townhouse", "The lemon-tree courtyard")


def add(rows: Rows, random: Random, offers: Sequence[Offer], guest: UUID, now: datetime) -> None:
    """Add them all, begun some weeks ago."""
    homes = {offer.listing.title: offer.home.id for offer in offers}
    at = now - timedelta(days=40)
    for name, token, wishes in LISTS:
        wishlist = id_at(random, at)
        rows.add(Wishlist, id=wishlist, user_id=guest, name=name, share_token=token, created_at=at)
        for title, note in wishes:
            at += timedelta(hours=7)
            rows.add(
                WishlistItem,
                id=id_at(random, at),
                wishlist_id=wishlist,
                user_id=guest,
                property_id=homes[title],
                note=note,
                created_at=at,
            )
    for minutes, title in enumerate(SEEN):
        seen_at = now - timedelta(days=1, minutes=minutes)
        rows.add(ViewedProperty, user_id=guest, property_id=homes[title], viewed_at=seen_at)
    _add_search(rows, random, guest, now)


def _add_search(rows: Rows, random: Random, guest: UUID, now: datetime) -> None:
    [lisbon] = places.find("Lisbon", 1)
    box = lisbon.area
    area = Area(north=box.north, south=box.south, east=box.east, west=box.west)
    rows.add(
        SavedSearch,
        id=id_at(random, now),
        user_id=guest,
        name="Lisbon for two",
        wanted=kept(Filter(area=area, currency="EUR", max_price_minor=150_00)),
        asked={"where": "Lisbon", "currency": "EUR", "maxPrice": 150_00},
        email_alerts=True,
        # The worker's first look finds what there is; news comes the morning after.
        due_at=now,
        created_at=now,
    )
