"""Finding any object by its id, as far as the viewer may see it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any
from uuid import UUID

import strawberry

from app.errors import Invalid
from app.identity.policy import is_own
from app.identity.queries import UserRow
from schema import ids
from schema.bookings.altering import visible_alteration
from schema.bookings.types import visible_booking
from schema.context import Context, Info
from schema.documents import visible_document
from schema.factors import visible_passkey
from schema.identities import visible_identity
from schema.paging import MAX_PAGE
from schema.payments import visible_payment
from schema.payouts import visible_payout, visible_payout_account
from schema.places import place_by_key
from schema.privacy import visible_export
from schema.promotions import visible_promotion
from schema.properties.access import visible_photo, visible_property
from schema.properties.co_hosts import visible_co_host
from schema.properties.exchange import visible_import
from schema.properties.photos import visible_upload
from schema.reviews import visible_review
from schema.saved.searches import visible_search
from schema.saved.wishlists import visible_item, visible_wishlist
from schema.sign_in import visible_event, visible_session


async def visible_user(context: Context, key: UUID) -> UserRow | None:
    """Everybody has a public face, until they are about to go; the rest is decided per field."""
    user = await context.loaders.users.load(key)
    if user is None or user.deletion_scheduled_at is None:
        return user
    return user if is_own(key, context.actor) else None


FINDERS: Mapping[str, Callable[[Context, UUID], Awaitable[Any]]] = {
    "User": visible_user,
    "Property": visible_property,
    "Photo": visible_photo,
    "PhotoUpload": visible_upload,
    "Booking": visible_booking,
    "BookingAlteration": visible_alteration,
    "CoHost": visible_co_host,
    "Payment": visible_payment,
    "Document": visible_document,
    "Review": visible_review,
    "Payout": visible_payout,
    "PayoutAccount": visible_payout_account,
    "CalendarImport": visible_import,
    "SignInSession": visible_session,
    "DataExport": visible_export,
    "SignInEvent": visible_event,
    "Passkey": visible_passkey,
    "Identity": visible_identity,
    "Place": place_by_key,
    "Wishlist": visible_wishlist,
    "WishlistItem": visible_item,
    "Promotion": visible_promotion,
    "SavedSearch": visible_search,
}


async def find(context: Context, text: str) -> Any:
    """The row of the object with this global id; None when the viewer may not see it."""
    decoded = ids.decode(text)
    if decoded is None or decoded[0] not in FINDERS:
        return None
    return await FINDERS[decoded[0]](context, decoded[1])


async def node(
    info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="A global id.")]
) -> Any:
    return await find(info.context, id)


async def nodes(
    info: Info,
    ids: Annotated[list[strawberry.ID], strawberry.argument(description="Global ids.")],
) -> list[Any]:
    if len(ids) > MAX_PAGE:
        raise Invalid(f"At most {MAX_PAGE} ids can be looked up at once.", field="ids")
    return await asyncio.gather(*(find(info.context, each) for each in ids))
