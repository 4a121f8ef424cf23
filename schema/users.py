"""People: their public face, and what is theirs alone."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, TypeAlias

import strawberry

from app.bookings.host_cancellations import WINDOW as CANCELLATIONS_WINDOW
from app.bookings.queries import BOOKINGS_OF_GUEST, BOOKINGS_OF_HOST, BookingRow
from app.bookings.responses import LEAST, WINDOW
from app.identity.passkeys import MAX_PASSKEYS
from app.identity.pictures import small
from app.identity.policy import is_own
from app.identity.queries import (
    MAX_IDENTITIES,
    MAX_SESSIONS,
    SIGN_IN_EVENTS,
    HostDetailsRow,
    IdentityRow,
    SessionRow,
    SignInEventRow,
    UserRow,
    has_password,
    identities_of,
    open_sessions,
    users,
)
from app.identity.staff import ACTIONS_ON, ActionRow
from app.payouts.queries import PAYOUTS_OF_HOST, PayoutAccountRow, PayoutRow, at_provider
from app.privacy.queries import DataExportRow, exports_of
from app.promotions.queries import PROMOTIONS_OF_HOST, PromotionRow
from app.properties.queries import PROPERTIES_OF_HOST, CoHostRow, PropertyRow, Ratings
from app.reviews.queries import REVIEWS_OF_HOST, ReviewRow
from db import shapes
from schema.context import Info, shown_at, shown_at_in_sql
from schema.enums import (
    BookingStatus,
    HostKind,
    PictureSize,
    PropertyStatus,
    Role,
    SignInEventKind,
    VerifiedBadge,
)
from schema.factors import Passkey, SecondFactor, own_passkeys, own_second_factor
from schema.identities import Identity
from schema.node import Node, shows
from schema.paging import DEFAULT_PAGE, After, Connection, First, listed
from schema.privacy import DataExport
from schema.reading import reads, shape, writes
from schema.saved.own import Keeping
from schema.scalars import CurrencyCode
from schema.sign_in import SignInEventConnection, SignInSession
from schema.statements import Accounted
from schema.upcoming_payouts import UpcomingPayout, own_upcoming_payouts

if TYPE_CHECKING:
    from schema.bookings.types import BookingConnection
    from schema.payouts import PayoutAccount, PayoutConnection
    from schema.promotions import PromotionConnection
    from schema.properties.co_hosts import CoHost
    from schema.properties.types import PropertyConnection
    from schema.reviews import ReviewConnection
    from schema.staff import StaffActionConnection

Helper: TypeAlias = Annotated["CoHost", strawberry.lazy("schema.properties.co_hosts")]
Bookings: TypeAlias = Annotated["BookingConnection", strawberry.lazy("schema.bookings.types")]
Properties: TypeAlias = Annotated["PropertyConnection", strawberry.lazy("schema.properties.types")]
Reviews: TypeAlias = Annotated["ReviewConnection", strawberry.lazy("schema.reviews")]
Payouts: TypeAlias = Annotated["PayoutConnection", strawberry.lazy("schema.payouts")]
Promotions: TypeAlias = Annotated["PromotionConnection", strawberry.lazy("schema.promotions")]
StaffActions: TypeAlias = Annotated["StaffActionConnection", strawberry.lazy("schema.staff")]
Account: TypeAlias = Annotated["PayoutAccount", strawberry.lazy("schema.payouts")]
User_: TypeAlias = strawberry.Parent[UserRow]
BookingStatuses: TypeAlias = Annotated[
    list[BookingStatus] | None, strawberry.argument(description="Only in one of these states.")
]
PropertyStatuses: TypeAlias = Annotated[
    list[PropertyStatus] | None, strawberry.argument(description="Only in one of these states.")
]
Size: TypeAlias = Annotated[PictureSize, strawberry.argument(description="How large.")]
EventKinds: TypeAlias = Annotated[
    list[SignInEventKind] | None, strawberry.argument(description="Only these kinds.")
]


KEY = frozenset(["id"])


@writes(shown_at_in_sql("picture_url", PictureSize.LARGE))
@reads("picture_url")
def picture_url(user: User_, info: Info, size: Size = PictureSize.LARGE) -> str | None:
    if user.picture_url is None:
        return None
    is_small = size is PictureSize.SMALL
    return shown_at(small(user.picture_url) if is_small else user.picture_url, info)


@reads("id", "last_name")
def own_last_name(user: User_, info: Info) -> str | None:
    return user.last_name if is_own(user.id, info.context.actor) else None


@reads("id", "email")
def own_email(user: User_, info: Info) -> str | None:
    return user.email if is_own(user.id, info.context.actor) else None


@reads("id", "timezone")
def own_timezone(user: User_, info: Info) -> str | None:
    return user.timezone if is_own(user.id, info.context.actor) else None


@reads("id", "currency")
def own_currency(user: User_, info: Info) -> str | None:
    return user.currency if is_own(user.id, info.context.actor) else None


@reads("id", "phone")
def own_phone(user: User_, info: Info) -> str | None:
    return user.phone if is_own(user.id, info.context.actor) else None


async def ratings(user: UserRow, info: Info) -> Ratings:
    return await info.context.loaders.ratings_of.load(user.id) or Ratings()


@reads("id", "role")
def own_role(user: User_, info: Info) -> str | None:
    return user.role if is_own(user.id, info.context.actor) else None


@reads("id")
async def review_count(user: User_, info: Info) -> int:
    return (await ratings(user, info)).count


@reads("id")
async def average_rating(user: User_, info: Info) -> float | None:
    return (await ratings(user, info)).average


@reads("id", "is_host")
async def response_rate(user: User_, info: Info) -> int | None:
    return await info.context.loaders.response_rate_of.load(user.id) if user.is_host else None


@reads("id", "is_host")
async def host_cancellations(user: User_, info: Info) -> int | None:
    if not user.is_host:
        return None
    return await info.context.loaders.cancellations_of.load(user.id) or 0


@reads("id")
async def reviews(
    user: User_, info: Info, first: First = DEFAULT_PAGE, after: After = None
) -> Connection[ReviewRow]:
    return await listed(info, REVIEWS_OF_HOST, user.id, first, after)


@reads("id")
async def own_host_details(user: User_, info: Info) -> HostDetailsRow | None:
    if not is_own(user.id, info.context.actor):
        return None
    return await info.context.loaders.host_details.load(user.id)


@reads("id", "email_verified_at")
def own_email_verified(user: User_, info: Info) -> bool | None:
    own = is_own(user.id, info.context.actor)
    return user.email_verified_at is not None if own else None


@reads("id")
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


@reads("id")
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


@reads("id")
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
    elif status is None:
        status = [each for each in PropertyStatus if each is not PropertyStatus.ARCHIVED]
    return await listed(info, PROPERTIES_OF_HOST, user.id, first, after, status)


@reads("id")
async def own_payout_account(user: User_, info: Info) -> PayoutAccountRow | None:
    if not is_own(user.id, info.context.actor):
        return None
    return at_provider(await info.context.loaders.payout_accounts_of.load(user.id))


@reads("id")
async def own_payout_accounts(user: User_, info: Info) -> list[PayoutAccountRow] | None:
    if not is_own(user.id, info.context.actor):
        return None
    return await info.context.loaders.payout_accounts_of.load(user.id)


@reads("id")
async def own_payouts(
    user: User_, info: Info, first: First = DEFAULT_PAGE, after: After = None
) -> Connection[PayoutRow] | None:
    if not is_own(user.id, info.context.actor):
        return None
    return await listed(info, PAYOUTS_OF_HOST, user.id, first, after)


@reads("id")
async def own_promotions(
    user: User_, info: Info, first: First = DEFAULT_PAGE, after: After = None
) -> Connection[PromotionRow] | None:
    if not is_own(user.id, info.context.actor):
        return None
    return await listed(info, PROMOTIONS_OF_HOST, user.id, first, after)


@reads("id")
async def own_data_exports(user: User_, info: Info) -> list[DataExportRow] | None:
    context = info.context
    if not is_own(user.id, context.actor):
        return None
    return await exports_of(context.runtime.db, user.id, context.now)


@reads("id", "deletion_scheduled_at")
def own_deletion_scheduled_at(user: User_, info: Info) -> datetime | None:
    return user.deletion_scheduled_at if is_own(user.id, info.context.actor) else None


@reads("id")
async def own_co_hosting(user: User_, info: Info) -> list[CoHostRow] | None:
    if not is_own(user.id, info.context.actor):
        return None
    return await info.context.loaders.co_hosting_of.load(user.id)


@reads("id")
async def own_sessions(user: User_, info: Info) -> list[SessionRow] | None:
    context = info.context
    if not is_own(user.id, context.actor):
        return None
    return await open_sessions(context.runtime.db, user.id, context.now)


@reads("id")
async def own_identities(user: User_, info: Info) -> list[IdentityRow] | None:
    if not is_own(user.id, info.context.actor):
        return None
    return await identities_of(info.context.runtime.db, user.id)


@reads("id")
async def own_has_password(user: User_, info: Info) -> bool | None:
    if not is_own(user.id, info.context.actor):
        return None
    return await has_password(info.context.runtime.db, user.id)


@reads("id")
async def audit_trail(
    user: User_,
    info: Info,
    kind: EventKinds = None,
    first: First = DEFAULT_PAGE,
    after: After = None,
) -> Connection[SignInEventRow] | None:
    if not is_own(user.id, info.context.actor):
        return None
    return await listed(info, SIGN_IN_EVENTS, user.id, first, after, kind)


@reads("id")
async def own_staff_actions(
    user: User_, info: Info, first: First = DEFAULT_PAGE, after: After = None
) -> Connection[ActionRow] | None:
    if not is_own(user.id, info.context.actor):
        return None
    return await listed(info, ACTIONS_ON, user.id, first, after)


@strawberry.type(description="What somebody told to become a host: see `becomeHost`.")
class HostDetails:
    kind: HostKind = strawberry.field(description="Person or business.")
    legal_name: str = strawberry.field(description="As in an identity card or company register.")
    country: str = strawberry.field(
        description="Of residence or establishment: ISO 3166-1 alpha-2 code, `PT`."
    )
    born_on: date | None = strawberry.field(
        name="dateOfBirth", description="A person's; null for a business."
    )
    registration_number: str | None = strawberry.field(
        description="A business's; null for a person."
    )
    terms_version: str = strawberry.field(description="Which terms for hosts they agreed to.")
    agreed_at: datetime = strawberry.field(description="When they did.")


@strawberry.type(description="A person. Guests and hosts are the same users.")
class User(Node, Keeping, Accounted):
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
    verified_badges: list[VerifiedBadge] = strawberry.field(
        description="What was made sure of, and not only said. Public."
    )
    review_count = strawberry.field(
        resolver=review_count, description="How many reviews their places have had. Public."
    )
    average_rating = strawberry.field(
        resolver=average_rating,
        description="The mean of all ratings of their places, 1 to 5; "
        "null before the first review. Public.",
    )
    reviews = strawberry.field(
        resolver=reviews,
        graphql_type=Reviews,
        description="What guests wrote about their places, newest first. Public.",
    )
    response_rate = strawberry.field(
        resolver=response_rate,
        description=f"How many of 100 requests to book they answered in time, in the last "
        f"{WINDOW.days} days; null when there were fewer than {LEAST}, or they do not host. "
        "Public.",
    )
    host_cancellations = strawberry.field(
        resolver=host_cancellations,
        description=f"How many confirmed stays they cancelled as a host in the last "
        f"{CANCELLATIONS_WINDOW.days} days; null when they do not host. Public.",
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
    picture_url = strawberry.field(resolver=picture_url, description="A picture of them. Public.")
    is_host: bool = strawberry.field(description="Whether they may let properties.")
    host_since_at: datetime | None = strawberry.field(
        name="hostSince", description="When they became a host."
    )
    role = strawberry.field(
        resolver=own_role,
        graphql_type=Role | None,
        description="Whether they are staff. Null unless the viewer is this person.",
    )
    created_at: datetime = strawberry.field(description="When they joined.")
    host_details = strawberry.field(
        resolver=own_host_details,
        graphql_type=HostDetails | None,
        description="What they told to become a host. Null unless the viewer is this person.",
    )
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
        description="Their account at the provider, where most earnings are sent. Null unless the "
        "viewer is this person, or when there is none yet: see `createPayoutAccountLink`.",
    )
    payout_accounts = strawberry.field(
        resolver=own_payout_accounts,
        graphql_type=list[Account] | None,
        description="Everywhere their earnings are sent: `payoutAccount`, and for each currency "
        "that it cannot take the phone or bank account of `setPayoutRecipient`. Null unless the "
        "viewer is this person.",
    )
    payouts = strawberry.field(
        resolver=own_payouts,
        graphql_type=Payouts | None,
        description="Earnings sent to them, newest first. Null unless the viewer is this person.",
    )
    upcoming_payouts = strawberry.field(
        resolver=own_upcoming_payouts,
        graphql_type=list[UpcomingPayout] | None,
        description="Earnings that were not sent yet, by currency: when they will be, and why not "
        "yet. Null unless the viewer is this person.",
    )
    co_hosting = strawberry.field(
        resolver=own_co_hosting,
        graphql_type=list[Helper] | None,
        description="Whom they help as a co-host, longest first. Null unless the viewer is this "
        "person.",
    )
    promotions = strawberry.field(
        resolver=own_promotions,
        graphql_type=Promotions | None,
        description="Codes that make stays in their places cheaper, newest first. Null unless the "
        "viewer is this person.",
    )
    sessions = strawberry.field(
        resolver=own_sessions,
        graphql_type=list[SignInSession] | None,
        description=f"Where they are signed in, the last used first, {MAX_SESSIONS} at most. "
        "Null unless the viewer is this person.",
    )
    passkeys = strawberry.field(
        resolver=own_passkeys,
        graphql_type=list[Passkey] | None,
        description=f"Their passkeys, the oldest first, {MAX_PASSKEYS} at most. "
        "Null unless the viewer is this person.",
    )
    second_factor = strawberry.field(
        resolver=own_second_factor,
        graphql_type=SecondFactor | None,
        description="What they are asked for besides the password. "
        "Null unless the viewer is this person.",
    )
    has_password = strawberry.field(
        resolver=own_has_password,
        description="Whether they can sign in by a password; without one they can set it by "
        "`POST /auth/forgot-password`. Null unless the viewer is this person.",
    )
    identities = strawberry.field(
        resolver=own_identities,
        graphql_type=list[Identity] | None,
        description="Whom they can sign in through, the oldest first, "
        f"{MAX_IDENTITIES} at most. Null unless the viewer is this person.",
    )
    data_exports = strawberry.field(
        resolver=own_data_exports,
        graphql_type=list[DataExport] | None,
        description="What they asked for of their data and has not expired, newest first: see "
        "`requestDataExport`. Null unless the viewer is this person.",
    )
    deletion_scheduled_at = strawberry.field(
        resolver=own_deletion_scheduled_at,
        description="When the account is going to be erased, if it is: see "
        "`cancelAccountDeletion`. Null unless the viewer is this person.",
    )
    sign_in_events = strawberry.field(
        resolver=audit_trail,
        graphql_type=SignInEventConnection | None,
        description="What happened to their account and its sessions, newest first. "
        "Null unless the viewer is this person.",
    )
    staff_actions = strawberry.field(
        resolver=own_staff_actions,
        graphql_type=StaffActions | None,
        description="What staff looked at of theirs, and did to it, newest first. "
        "Null unless the viewer is this person.",
    )


async def viewer(info: Info) -> UserRow | None:
    user_id = info.context.actor.user_id
    if user_id is None:
        return None
    like = shape(info, UserRow, needs=KEY)
    if like is not None and like.reads_only == KEY:
        # Who they are is known, and what is asked for is theirs: lists of their own.
        bare: UserRow = shapes.shape(UserRow, KEY).row(user_id)
        return bare
    return await info.context.loaders.rows(users, like).load(user_id)
