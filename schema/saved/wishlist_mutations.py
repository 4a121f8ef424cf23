"""What the viewer does with their wishlists."""

from collections.abc import Awaitable
from datetime import date
from typing import Annotated, Protocol
from uuid import UUID

import strawberry
from msgspec import UNSET as LEFT_OUT
from msgspec import UnsetType
from strawberry import UNSET

from app.errors import Invalid, NotFound
from app.identity.queries import UserRow
from app.properties.queries import PropertyRow
from app.properties.terms import Guests as Count
from app.saved import wishlists
from app.saved.queries import WishlistItemRow, WishlistRow
from app.saved.wishlists import MAX_ITEMS, MAX_NAME, MAX_NOTE, MAX_WISHLISTS, Notes
from schema import ids
from schema.context import Info
from schema.errors import InvalidInputError, NotFoundError
from schema.guests import GuestsInput
from schema.mutations import mutation, union
from schema.properties.access import visible_property
from schema.properties.mutations import require_property
from schema.properties.types import Property
from schema.saved.wishlists import GONE, Wishlist, WishlistItem
from schema.users import User

NAME = f"What to call it, 1 to {MAX_NAME} characters."
WHICH = "Which of the viewer's wishlists."


@strawberry.input(description="A wishlist to begin.")
class CreateWishlistInput:
    name: str = strawberry.field(description=NAME)


@strawberry.input(description="Another name for a wishlist.")
class RenameWishlistInput:
    wishlist_id: strawberry.ID = strawberry.field(description=WHICH)
    name: str = strawberry.field(description=NAME)


@strawberry.input(description="A wishlist to forget.")
class DeleteWishlistInput:
    wishlist_id: strawberry.ID = strawberry.field(description=WHICH)


@strawberry.input(description="A wishlist to show to others.")
class ShareWishlistInput:
    wishlist_id: strawberry.ID = strawberry.field(description=WHICH)
    new_link: bool = strawberry.field(
        default=False, description="Whether one that is shared gets another token and address."
    )


@strawberry.input(description="A wishlist to show to nobody else any more.")
class UnshareWishlistInput:
    wishlist_id: strawberry.ID = strawberry.field(description=WHICH)


@strawberry.input(
    description="A place to keep. What is left out stays as it is, if the place is there already; "
    "null takes away."
)
class SavePropertyInput:
    wishlist_id: strawberry.ID = strawberry.field(description=WHICH)
    property_id: strawberry.ID = strawberry.field(description="Which property.")
    note: str | None = strawberry.field(
        default=UNSET, description=f"What the viewer notes about it, up to {MAX_NOTE:,} characters."
    )
    check_in: date | None = strawberry.field(
        default=UNSET, description="When the viewer would come; together with `checkOut`."
    )
    check_out: date | None = strawberry.field(default=UNSET, description="When they would leave.")
    guests: GuestsInput | None = strawberry.field(default=UNSET, description="Who would come.")

    def notes(self) -> Notes:
        """What the feature wants. Raises Invalid."""
        return Notes(
            note=LEFT_OUT if self.note is UNSET else self.note,
            dates=self._dates(),
            guests=LEFT_OUT if self.guests is UNSET else self._guests(),
        )

    def _guests(self) -> Count | None:
        return self.guests.value() if self.guests else None

    def _dates(self) -> tuple[date, date] | UnsetType | None:
        if self.check_in is UNSET and self.check_out is UNSET:
            return LEFT_OUT
        if not self.check_in and not self.check_out:
            return None
        if self.check_in and self.check_out:
            return self.check_in, self.check_out
        missing = "checkOut" if self.check_in else "checkIn"
        raise Invalid("A stay has a check-in and a check-out date.", field=missing)


@strawberry.input(description="A place to take off a wishlist.")
class UnsavePropertyInput:
    wishlist_id: strawberry.ID = strawberry.field(description=WHICH)
    property_id: strawberry.ID = strawberry.field(description="Which property.")


class Done(Protocol):
    """A success that is about a wishlist."""

    wishlist_id: UUID


def wishlist_of(done: strawberry.Parent[Done], info: Info) -> Awaitable[WishlistRow | None]:
    return info.context.loaders.wishlists.load(done.wishlist_id)


@strawberry.type
class WishlistSuccess:
    wishlist_id: strawberry.Private[UUID]
    wishlist = strawberry.field(
        resolver=wishlist_of, graphql_type=Wishlist, description="The wishlist as it is now."
    )


@strawberry.type(description="The wishlist is there, with nothing on it yet.")
class CreateWishlistSuccess(WishlistSuccess):
    pass


@strawberry.type(description="The wishlist is called so now.")
class RenameWishlistSuccess(WishlistSuccess):
    pass


@strawberry.type(description="Whoever knows the wishlist's token can see it.")
class ShareWishlistSuccess(WishlistSuccess):
    pass


@strawberry.type(description="Nobody but the viewer sees the wishlist any more.")
class UnshareWishlistSuccess(WishlistSuccess):
    pass


class ByUser(Protocol):
    """A success that is about the viewer."""

    user_id: UUID


def user_of(done: strawberry.Parent[ByUser], info: Info) -> Awaitable[UserRow | None]:
    return info.context.loaders.users.load(done.user_id)


@strawberry.type(description="The wishlist is gone, and so is the link to it.")
class DeleteWishlistSuccess:
    user_id: strawberry.Private[UUID]
    user = strawberry.field(resolver=user_of, graphql_type=User, description="The viewer.")


class AboutPlace(Protocol):
    """A success that is about a property, too."""

    property_id: UUID


def property_of(done: strawberry.Parent[AboutPlace], info: Info) -> Awaitable[PropertyRow | None]:
    return visible_property(info.context, done.property_id)


def item_of(
    done: strawberry.Parent["SavePropertySuccess"], info: Info
) -> Awaitable[WishlistItemRow | None]:
    return info.context.loaders.wishlist_items.load(done.item_id)


@strawberry.type(description="The place is on the wishlist.")
class SavePropertySuccess(WishlistSuccess):
    item_id: strawberry.Private[UUID]
    item = strawberry.field(
        resolver=item_of, graphql_type=WishlistItem, description="The place on the wishlist."
    )


@strawberry.type(description="The place is not on the wishlist (any more).")
class UnsavePropertySuccess(WishlistSuccess):
    property_id: strawberry.Private[UUID]
    property = strawberry.field(
        resolver=property_of, graphql_type=Property | None, description=f"The place; {GONE}."
    )


async def create_wishlist(
    info: Info,
    input: Annotated[CreateWishlistInput, strawberry.argument(description="The wishlist.")],
) -> CreateWishlistSuccess:
    context = info.context
    key = await context.runtime.db.run(
        lambda session: wishlists.create(session, context.actor, input.name, context.now)
    )
    return CreateWishlistSuccess(wishlist_id=key)


async def rename_wishlist(
    info: Info,
    input: Annotated[RenameWishlistInput, strawberry.argument(description="The name.")],
) -> RenameWishlistSuccess:
    context, key = info.context, require_wishlist(input.wishlist_id)
    await context.runtime.db.run(
        lambda session: wishlists.rename(session, context.actor, key, input.name)
    )
    return RenameWishlistSuccess(wishlist_id=key)


async def delete_wishlist(
    info: Info,
    input: Annotated[DeleteWishlistInput, strawberry.argument(description="The wishlist.")],
) -> DeleteWishlistSuccess:
    context, key = info.context, require_wishlist(input.wishlist_id)
    await context.runtime.db.run(lambda session: wishlists.remove(session, context.actor, key))
    return DeleteWishlistSuccess(user_id=context.actor.require_user())


async def share_wishlist(
    info: Info,
    input: Annotated[ShareWishlistInput, strawberry.argument(description="The wishlist.")],
) -> ShareWishlistSuccess:
    context, key = info.context, require_wishlist(input.wishlist_id)
    await context.runtime.db.run(
        lambda session: wishlists.share(session, context.actor, key, anew=input.new_link)
    )
    return ShareWishlistSuccess(wishlist_id=key)


async def unshare_wishlist(
    info: Info,
    input: Annotated[UnshareWishlistInput, strawberry.argument(description="The wishlist.")],
) -> UnshareWishlistSuccess:
    context, key = info.context, require_wishlist(input.wishlist_id)
    await context.runtime.db.run(lambda session: wishlists.unshare(session, context.actor, key))
    return UnshareWishlistSuccess(wishlist_id=key)


async def save_property(
    info: Info,
    input: Annotated[SavePropertyInput, strawberry.argument(description="The place.")],
) -> SavePropertySuccess:
    context, key = info.context, require_wishlist(input.wishlist_id)
    property_id, notes = require_property(input.property_id), input.notes()
    item_id = await context.runtime.db.run(
        lambda session: wishlists.add(session, context.actor, key, property_id, notes, context.now)
    )
    return SavePropertySuccess(wishlist_id=key, item_id=item_id)


async def unsave_property(
    info: Info,
    input: Annotated[UnsavePropertyInput, strawberry.argument(description="The place.")],
) -> UnsavePropertySuccess:
    context, key = info.context, require_wishlist(input.wishlist_id)
    property_id = require_property(input.property_id)
    await context.runtime.db.run(
        lambda session: wishlists.take(session, context.actor, key, property_id)
    )
    return UnsavePropertySuccess(wishlist_id=key, property_id=property_id)


def require_wishlist(text: str) -> UUID:
    """The key in a wishlist's id. Raises NotFound for any other id."""
    key = ids.key_of("Wishlist", text)
    if key is None:
        raise NotFound("There is no such wishlist.")
    return key


@strawberry.type
class WishlistMutations:
    create_wishlist = mutation(
        create_wishlist,
        union("CreateWishlistResult", CreateWishlistSuccess, InvalidInputError),
        f"Begin a wishlist; {MAX_WISHLISTS} can be kept.",
    )
    rename_wishlist = mutation(
        rename_wishlist,
        union("RenameWishlistResult", RenameWishlistSuccess, NotFoundError, InvalidInputError),
        "Call a wishlist of the viewer's something else.",
    )
    delete_wishlist = mutation(
        delete_wishlist,
        union("DeleteWishlistResult", DeleteWishlistSuccess, NotFoundError),
        "Forget a wishlist of the viewer's, and what is on it.",
    )
    share_wishlist = mutation(
        share_wishlist,
        union("ShareWishlistResult", ShareWishlistSuccess, NotFoundError),
        "Let whoever knows its token see a wishlist of the viewer's, without their notes.",
    )
    unshare_wishlist = mutation(
        unshare_wishlist,
        union("UnshareWishlistResult", UnshareWishlistSuccess, NotFoundError),
        "End what `shareWishlist` began: its token leads nowhere any more. Again changes nothing.",
    )
    save_property = mutation(
        save_property,
        union("SavePropertyResult", SavePropertySuccess, NotFoundError, InvalidInputError),
        f"Put a place on a wishlist of the viewer's, up to {MAX_ITEMS}, or change what is noted "
        "about it there.",
    )
    unsave_property = mutation(
        unsave_property,
        union("UnsavePropertyResult", UnsavePropertySuccess, NotFoundError),
        "Take a place off a wishlist of the viewer's. Again changes nothing.",
    )
