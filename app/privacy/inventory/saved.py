"""What people keep for later: theirs alone, and gone with them."""

from sqlalchemy import select

from app.privacy.declaring import PERSON, held, part
from db.models import (
    SavedSearch,
    SavedSearchMatch,
    ViewedProperty,
    ViewHistoryOptOut,
    Wishlist,
    WishlistItem,
)

own_searches = select(SavedSearch.id).where(SavedSearch.user_id == PERSON)

TABLES = (
    held(
        WishlistItem,
        part(
            WishlistItem,
            "wishlistItems",
            WishlistItem.user_id == PERSON,
            "wishlist_id property_id note check_in check_out adults children infants pets"
            " created_at",
            deleted=True,
        ),
        hidden={"the person": "user_id", "its place on the list": "id"},
    ),
    held(
        Wishlist,
        part(
            Wishlist,
            "wishlists",
            Wishlist.user_id == PERSON,
            "id name share_token created_at",
            deleted=True,
        ),
        hidden={"the person": "user_id"},
    ),
    held(
        ViewedProperty,
        part(
            ViewedProperty,
            "recentlyViewed",
            ViewedProperty.user_id == PERSON,
            "property_id viewed_at",
            deleted=True,
        ),
        hidden={"the person": "user_id"},
    ),
    held(
        ViewHistoryOptOut,
        part(
            ViewHistoryOptOut,
            "viewHistoryOptOut",
            ViewHistoryOptOut.user_id == PERSON,
            "created_at",
            deleted=True,
        ),
        hidden={"the person": "user_id"},
    ),
    held(
        SavedSearchMatch,
        part(
            SavedSearchMatch,
            "savedSearchMatches",
            SavedSearchMatch.saved_search_id.in_(own_searches),
            "saved_search_id property_id found_at",
            deleted=True,
        ),
    ),
    held(
        SavedSearch,
        part(
            SavedSearch,
            "savedSearches",
            SavedSearch.user_id == PERSON,
            "id name asked email_alerts looked_at created_at",
            deleted=True,
        ),
        hidden={
            "the person": "user_id",
            "`asked` in words of ours": "wanted",
            "how the work gets on": "due_at published_since",
        },
    ),
)
