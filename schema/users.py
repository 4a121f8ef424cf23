"""People: their public face, and what is theirs alone."""

import dataclasses
from collections.abc import Awaitable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Protocol, TypeAlias
from uuid import UUID

import msgspec
import strawberry

from app.bookings.queries import BOOKINGS_OF_GUEST, BOOKINGS_OF_HOST, BookingRow
from app.identity import accounts
from app.identity.policy import is_own, may_audit
from app.identity.profile import MAX_BIO, MAX_LANGUAGES, Changes
from app.identity.queries import (
    MAX_SESSIONS,
    SIGN_IN_EVENTS,
    SessionRow,
    SignInEventRow,
    UserRow,
    open_sessions,
)
from app.payouts.queries import PAYOUTS_OF_HOST, PayoutAccountRow, PayoutRow
from app.properties.queries import PROPERTIES_OF_HOST, PropertyRow
from schema.context import Info, absolute
from schema.enums import BookingStatus, PropertyStatus, SignInEventKind
from schema.errors import EmailNotVerifiedError, InvalidInputError, NotFoundError
from schema.mutations import mutation, union
from schema.node import Node, shows
from schema.paging import DEFAULT_PAGE, After, Connection, First, listed
from schema.scalars import CurrencyCode
from schema.sign_in import SignInEventConnection, SignInSession

if TYPE_CHECKING:
    from schema.bookings.types import BookingConnection
    from schema.payouts import PayoutAccount, PayoutConnection
    from schema.properties.types import PropertyConnection

Bookings: TypeAlias = Annotated["BookingConnection", strawberry.lazy("schema.bookings.types")]
Properties: TypeAlias = Annotated["PropertyConnection", strawberry.lazy("schema.properties.types")]
Payouts: TypeAlias = Annotated["PayoutConnection", strawberry.lazy("schema.payouts")]
Account: TypeAlias = Annotated["PayoutAccount", strawberry.lazy("schema.payouts")]
User_: TypeAlias = strawberry.Parent[UserRow]
BookingStatuses: TypeAlias = Annotated[
    list[BookingStatus] | None, strawberry.argument(description="Only in one of these states.")
]
PropertyStatuses: TypeAlias = Annotated[
    list[PropertyStatus] | None, strawberry.argument(description="Only in one of these states.")
]
EventKinds: TypeAlias = Annotated[
    list[SignInEventKind] | None, strawberry.argument(description="Only these kinds.")
]


# What null makes of a field that is never null itself.
EMPTY: dict[str, Any] = {
    "first_name": msgspec.UNSET,
    "last_name": msgspec.UNSET,
    "bio": "",
    "languages": (),
}


def _changed(description: str) -> Any:
    return strawberry.field(default=strawberry.UNSET, description=description)


def picture_url(user: User_, info: Info) -> str | None:
    return None if user.picture_url is None else absolute(user.picture_url, info)


def own_last_name(user: User_, info: Info) -> str | None:
    return user.last_name if is_own(user.id, info.context.actor) else None


def own_email(user: User_, info: Info) -> str | None:
    return user.email if is_own(user.id, info.context.actor) else None


def own_timezone(user: User_, info: Info) -> str | None:
    return user.timezone if is_own(user.id, info.context.actor) else None


def own_currency(user: User_, info: Info) -> str | None:
    return user.currency if is_own(user.id, info.context.actor) else None


def own_phone(user: User_, info: Info) -> str | None:
    return user.phone if is_own(user.id, info.context.actor) else None


async def review_count(user: User_, info: Info) -> int:
    return await info.context.loaders.review_count_of.load(user.id) or 0


def own_email_verified(user: User_, info: Info) -> bool | None:
    own = is_own(user.id, info.context.actor)
    return user.email_verified_at is not None if own else None


async def own_bookings(
    user: User_,
    info: Info,
    status: BookingStatuses = None,
    first: First = DEFAULT_PAGE,
    after: After = None,
) -> Connection[BookingRow] | None:
    if not is_own(user.id, info.context.actor):
        return None
    return await listed(info, BOOKINGS_OF_GUEST, user.id, first, after, status)


async def own_hosted_bookings(
    user: User_,
    info: Info,
    status: BookingStatuses = None,
    first: First = DEFAULT_PAGE,
    after: After = None,
) -> Connection[BookingRow] | None:
    if not is_own(user.id, info.context.actor):
        return None
    return await listed(info, BOOKINGS_OF_HOST, user.id, first, after, status)


async def properties_of(
    user: User_,
    info: Info,
    status: PropertyStatuses = None,
    first: First = DEFAULT_PAGE,
    after: After = None,
) -> Connection[PropertyRow]:
    if not is_own(user.id, info.context.actor):
        public = {PropertyStatus.PUBLISHED}
        status = list(public if status is None else public.intersection(status))
    return await listed(info, PROPERTIES_OF_HOST, user.id, first, after, status)


async def own_payout_account(user: User_, info: Info) -> PayoutAccountRow | None:
    if not is_own(user.id, info.context.actor):
        return None
    return await info.context.loaders.payout_account_of.load(user.id)


async def own_payouts(
    user: User_, info: Info, first: First = DEFAULT_PAGE, after: After = None
) -> Connection[PayoutRow] | None:
    if not is_own(user.id, info.context.actor):
        return None
    return await listed(info, PAYOUTS_OF_HOST, user.id, first, after)


async def own_sessions(user: User_, info: Info) -> list[SessionRow] | None:
    context = info.context
    if not is_own(user.id, context.actor):
        return None
    return await open_sessions(context.runtime.db, user.id, context.now)


async def audit_trail(
    user: User_,
    info: Info,
    kind: EventKinds = None,
    first: First = DEFAULT_PAGE,
    after: After = None,
) -> Connection[SignInEventRow] | None:
    if not may_audit(user.id, info.context.actor):
        return None
    return await listed(info, SIGN_IN_EVENTS, user.id, first, after, kind)


@strawberry.type(description="A person. Guests and hosts are the same users.")
class User(Node):
    is_type_of = shows(UserRow)

    username: str = strawberry.field(description="Unique; public.")
    first_name: str = strawberry.field(description="Public.")
    last_name = strawberry.field(
        resolver=own_last_name, description="Null unless the viewer is this person."
    )
    email = strawberry.field(
        resolver=own_email, description="Null unless the viewer is this person."
    )
    email_verified = strawberry.field(
        resolver=own_email_verified,
        description="Whether the e-mail address is known to be theirs. "
        "Null unless the viewer is this person.",
    )
    bio: str = strawberry.field(description="What they say about themselves.")
    languages: list[str] = strawberry.field(description="What they speak: ISO 639 codes. Public.")
    review_count = strawberry.field(
        resolver=review_count, description="How many reviews their places have had. Public."
    )
    timezone = strawberry.field(
        resolver=own_timezone,
        description="The IANA time zone that they want times in, if they have said so. "
        "Null unless the viewer is this person.",
    )
    currency = strawberry.field(
        resolver=own_currency,
        graphql_type=CurrencyCode | None,
        description="The currency that they want prices in, if they have said so. "
        "Null unless the viewer is this person.",
    )
    phone = strawberry.field(
        resolver=own_phone,
        description="Their phone number in E.164. Null unless the viewer is this person.",
    )
    picture_url = strawberry.field(resolver=picture_url, description="A picture of them.")
    is_host: bool = strawberry.field(description="Whether they may let properties.")
    host_since_at: datetime | None = strawberry.field(
        name="hostSince", description="When they became a host."
    )
    created_at: datetime = strawberry.field(description="When they joined.")
    bookings = strawberry.field(
        resolver=own_bookings,
        graphql_type=Bookings | None,
        description="Their trips, newest first. Null unless the viewer is this person.",
    )
    hosted_bookings = strawberry.field(
        resolver=own_hosted_bookings,
        graphql_type=Bookings | None,
        description="Bookings of their properties, newest first. "
        "Null unless the viewer is this person.",
    )
    properties = strawberry.field(
        resolver=properties_of,
        graphql_type=Properties,
        description="Properties that they let, newest first. Others see the published ones.",
    )
    payout_account = strawberry.field(
        resolver=own_payout_account,
        graphql_type=Account | None,
        description="Where their earnings are sent. Null unless the viewer is this person, "
        "or when there is none yet: see `createPayoutAccountLink`.",
    )
    payouts = strawberry.field(
        resolver=own_payouts,
        graphql_type=Payouts | None,
        description="Earnings sent to them, newest first. Null unless the viewer is this person.",
    )
    sessions = strawberry.field(
        resolver=own_sessions,
        graphql_type=list[SignInSession] | None,
        description=f"Where they are signed in, the last used first, {MAX_SESSIONS} at most. "
        "Null unless the viewer is this person.",
    )
    sign_in_events = strawberry.field(
        resolver=audit_trail,
        graphql_type=SignInEventConnection | None,
        description="What happened to their account and its sessions, newest first. "
        "Null unless the viewer is this person, or staff.",
    )


async def viewer(info: Info) -> UserRow | None:
    user_id = info.context.actor.user_id
    return None if user_id is None else await info.context.loaders.users.load(user_id)


class Done(Protocol):
    """A success that is about a user."""

    user_id: UUID


def user_of(done: strawberry.Parent[Done], info: Info) -> Awaitable[UserRow | None]:
    return info.context.loaders.users.load(done.user_id)


@strawberry.type(description="The viewer is a host.")
class BecomeHostSuccess:
    user_id: strawberry.Private[UUID]
    user = strawberry.field(resolver=user_of, graphql_type=User, description="The viewer.")


async def become_host(info: Info) -> BecomeHostSuccess:
    context = info.context
    user_id = await context.runtime.db.run(
        lambda session: accounts.become_host(session, context.actor, context.now)
    )
    return BecomeHostSuccess(user_id=user_id)


@strawberry.input(
    description="Changes to the viewer's profile. What is left out stays as it is; null takes away."
)
class UpdateProfileInput:
    first_name: str | None = _changed("1 to 100 characters; null changes nothing.")
    last_name: str | None = _changed("1 to 100 characters; null changes nothing.")
    bio: str | None = _changed(f"At most {MAX_BIO:,} characters.")
    languages: list[str] | None = _changed(f"ISO 639 codes, at most {MAX_LANGUAGES}: `en`, `pt`.")
    timezone: str | None = _changed("IANA time zone: `Europe/Lisbon`.")
    currency: CurrencyCode | None = _changed("The currency to show prices in.")
    phone: str | None = _changed("With country code, written as usual: `+351 912 345 678`.")

    def changes(self) -> Changes:
        """What the identity feature wants."""
        given = {each.name: getattr(self, each.name) for each in dataclasses.fields(self)}
        values = {name: value for name, value in given.items() if value is not strawberry.UNSET}
        for name, empty in EMPTY.items():
            if name in values and values[name] is None:
                values[name] = empty
        if isinstance(values.get("languages"), list):
            values["languages"] = tuple(values["languages"])
        return Changes(**values)


@strawberry.type(description="The profile is changed.")
class UpdateProfileSuccess:
    user_id: strawberry.Private[UUID]
    user = strawberry.field(resolver=user_of, graphql_type=User, description="The viewer.")


async def update_profile(
    info: Info,
    input: Annotated[UpdateProfileInput, strawberry.argument(description="The changes.")],
) -> UpdateProfileSuccess:
    context, changes = info.context, input.changes()
    user_id = await context.runtime.db.run(
        lambda session: accounts.update_profile(session, context.actor, changes)
    )
    return UpdateProfileSuccess(user_id=user_id)


@strawberry.type
class UserMutations:
    update_profile = mutation(
        update_profile,
        union("UpdateProfileResult", UpdateProfileSuccess, InvalidInputError, NotFoundError),
        "Change what the viewer says about themselves, and how they want to be spoken to.",
    )
    become_host = mutation(
        become_host,
        union("BecomeHostResult", BecomeHostSuccess, NotFoundError, EmailNotVerifiedError),
        "Turn the viewer into a host, for good. Again changes nothing.",
    )
