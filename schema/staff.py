"""What staff see and do. Everybody else gets null here, or is told that there is no such account.

Each look and each change leaves a line in the trail first: app.identity.staff.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Annotated, TypeAlias
from uuid import UUID

import strawberry
from sqlalchemy.ext.asyncio import AsyncSession

from app.actor import Actor
from app.bookings.queries import BOOKINGS_OF_GUEST, BOOKINGS_OF_HOST, BookingRow
from app.errors import Invalid, NotFound
from app.identity import desk
from app.identity.queries import (
    MAX_FOUND,
    MAX_SESSIONS,
    SIGN_IN_EVENTS,
    SessionRow,
    SignInEventRow,
    UserRow,
    open_sessions,
    user_ids,
)
from app.identity.staff import RECORDS_BY, RECORDS_ON, RecordRow
from app.properties import suspension
from db.enums import StaffActionKind as Kind
from schema import ids
from schema.bookings.types import BookingConnection
from schema.context import Context, Info
from schema.enums import Role, StaffActionKind
from schema.errors import ForbiddenError, InvalidInputError, NotFoundError
from schema.mutations import mutation, union
from schema.paging import DEFAULT_PAGE, After, Connection, First, Page, listed
from schema.sign_in import SignInEventConnection, SignInSession
from schema.users import BookingStatuses, EventKinds, User

Parent: TypeAlias = strawberry.Parent[UserRow]
Record: TypeAlias = strawberry.Parent[RecordRow]
# What a line's object is.
OBJECTS = {
    Kind.BOOKING_READ: "Booking",
    Kind.BOOKING_CANCELLED: "Booking",
    Kind.CANCELLATION_FEE_WAIVED: "Booking",
    Kind.PAYMENT_READ: "Payment",
    Kind.PROPERTY_READ: "Property",
}


@strawberry.type(description="What staff looked at of the viewer's, or did to it.")
class StaffAction:
    kind: StaffActionKind = strawberry.field(description="What.")
    role: Role = strawberry.field(description="As what they did it. Who it was stays inside.")
    occurred_at: datetime = strawberry.field(description="When.")


@strawberry.type(description="A line of the staff's trail in its place in the list.")
class StaffActionEdge:
    cursor: str = strawberry.field(description="Its place: pass it as `after`.")
    node: StaffAction = strawberry.field(description="The line.")


@strawberry.type(description="One page of what staff looked at and did, newest first.")
class StaffActionConnection(Page):
    edges: list[StaffActionEdge] = strawberry.field(description="The lines, in order.")


def member(record: Record, info: Info) -> Awaitable[UserRow | None] | None:
    return info.context.loaders.users.load(record.staff_id) if record.staff_id else None


def subject(record: Record, info: Info) -> Awaitable[UserRow | None] | None:
    return info.context.loaders.users.load(record.subject_id) if record.subject_id else None


def object_id(record: Record) -> strawberry.ID | None:
    kind = OBJECTS.get(Kind(record.kind))
    return ids.encode(kind, record.object_id) if kind and record.object_id else None


@strawberry.type(description="A line of the staff's trail, with who and why. Only for admins.")
class StaffRecord:
    kind: StaffActionKind = strawberry.field(description="What.")
    role: Role = strawberry.field(description="As what they did it.")
    reason: str | None = strawberry.field(description="Why; of what was only looked at, null.")
    new_role: Role | None = strawberry.field(description="The role that somebody was given.")
    request_id: str = strawberry.field(description="The request's id, as in the log.")
    occurred_at: datetime = strawberry.field(description="When.")
    staff = strawberry.field(
        resolver=member,
        graphql_type=User | None,
        description="Who; null: whoever runs the servers.",
    )
    subject = strawberry.field(
        resolver=subject,
        graphql_type=User | None,
        description="On whom; null: a search that found nobody.",
    )
    object_id = strawberry.field(
        resolver=object_id,
        graphql_type=strawberry.ID | None,
        description="The booking, payment or property that it was about.",
    )


@strawberry.type(description="A line of the staff's trail in its place in the list.")
class StaffRecordEdge:
    cursor: str = strawberry.field(description="Its place: pass it as `after`.")
    node: StaffRecord = strawberry.field(description="The line.")


@strawberry.type(description="One page of the staff's trail, newest first.")
class StaffRecordConnection(Page):
    edges: list[StaffRecordEdge] = strawberry.field(description="The lines, in order.")


def user(person: Parent) -> UserRow:
    return person


def email_verified(person: Parent) -> bool:
    return person.email_verified_at is not None


async def bookings(
    person: Parent,
    info: Info,
    status: BookingStatuses = None,
    first: First = DEFAULT_PAGE,
    after: After = None,
) -> Connection[BookingRow] | None:
    if not await info.context.look(Kind.BOOKINGS_READ, person.id):
        return None
    return await listed(info, BOOKINGS_OF_GUEST, person.id, first, after, status)


async def hosted_bookings(
    person: Parent,
    info: Info,
    status: BookingStatuses = None,
    first: First = DEFAULT_PAGE,
    after: After = None,
) -> Connection[BookingRow] | None:
    if not await info.context.look(Kind.BOOKINGS_READ, person.id):
        return None
    return await listed(info, BOOKINGS_OF_HOST, person.id, first, after, status)


async def sessions(person: Parent, info: Info) -> list[SessionRow] | None:
    if not await info.context.look(Kind.SIGN_INS_READ, person.id):
        return None
    return await open_sessions(info.context.runtime.db, person.id, info.context.now)


async def sign_in_events(
    person: Parent,
    info: Info,
    kind: EventKinds = None,
    first: First = DEFAULT_PAGE,
    after: After = None,
) -> Connection[SignInEventRow] | None:
    if not await info.context.look(Kind.SIGN_INS_READ, person.id):
        return None
    return await listed(info, SIGN_IN_EVENTS, person.id, first, after, kind)


@strawberry.type(description="A person as staff see them: what it takes to help, and no more.")
class StaffPerson:
    user = strawberry.field(resolver=user, graphql_type=User, description="Their public face.")
    last_name: str = strawberry.field(description="Their last name.")
    email: str = strawberry.field(description="Their e-mail address.")
    email_verified = strawberry.field(
        resolver=email_verified, description="Whether the address is known to be theirs."
    )
    role: Role = strawberry.field(description="Whether they are staff.")
    suspended_at: datetime | None = strawberry.field(
        description="Since when they cannot sign in; null: they can."
    )
    bookings = strawberry.field(
        resolver=bookings,
        graphql_type=BookingConnection | None,
        description="Their trips, newest first.",
    )
    hosted_bookings = strawberry.field(
        resolver=hosted_bookings,
        graphql_type=BookingConnection | None,
        description="Bookings of their properties, newest first.",
    )
    sessions = strawberry.field(
        resolver=sessions,
        graphql_type=list[SignInSession] | None,
        description=f"Where they are signed in, the last used first, {MAX_SESSIONS} at most.",
    )
    sign_in_events = strawberry.field(
        resolver=sign_in_events,
        graphql_type=SignInEventConnection | None,
        description="What happened to their account and its sessions, newest first.",
    )


async def staff_people(
    info: Info,
    id: Annotated[
        strawberry.ID | None, strawberry.argument(description="A user's or a booking's global id.")
    ] = None,
    email: Annotated[str | None, strawberry.argument(description="The exact address.")] = None,
    username: Annotated[str | None, strawberry.argument(description="The exact name.")] = None,
) -> list[UserRow] | None:
    context = info.context
    if not context.actor.may(Kind.PERSON_READ):
        return None
    if sum(each is not None for each in (id, email, username)) != 1:
        raise Invalid("Give an id, an address or a username: one of them.")
    if id is not None:
        found = await _people_of(context, id)
    else:
        found = await user_ids(context.runtime.db, email=email, username=username)
    # A search that finds nobody leaves a line, too.
    subjects: Sequence[UUID | None] = found or [None]
    if not await context.look(Kind.PERSON_READ, *subjects):
        return None
    people = [await context.loaders.users.load(each) for each in found]
    return [each for each in people if each is not None]


async def _people_of(context: Context, text: str) -> list[UUID]:
    if (booking_id := ids.key_of("Booking", text)) is not None:
        booking = await context.loaders.bookings.load(booking_id)
        return [] if booking is None else [booking.guest_id, booking.host_id]
    user_id = ids.key_of("User", text)
    known = None if user_id is None else await context.loaders.users.load(user_id)
    return [] if known is None else [known.id]


async def staff_actions(
    info: Info,
    on: Annotated[
        strawberry.ID | None, strawberry.argument(description="What was done to this user.")
    ] = None,
    by: Annotated[
        strawberry.ID | None, strawberry.argument(description="What this user did as staff.")
    ] = None,
    kind: Annotated[
        list[StaffActionKind] | None, strawberry.argument(description="Only these kinds.")
    ] = None,
    first: First = DEFAULT_PAGE,
    after: After = None,
) -> Connection[RecordRow] | None:
    context = info.context
    if not context.actor.may(Kind.TRAIL_READ):
        return None
    if (on is None) == (by is None):
        raise Invalid("Give `on` or `by`: one of them.")
    whom = ids.require_key("User", on or by or "", "by" if on is None else "on")
    known = await context.loaders.users.load(whom)
    if not await context.look(Kind.TRAIL_READ, whom if known else None) or known is None:
        return None
    listing = RECORDS_BY if on is None else RECORDS_ON
    return await listed(info, listing, whom, first, after, kind)


@strawberry.input(description="An account to do something to.")
class OnAccountInput:
    user_id: strawberry.ID = strawberry.field(description="Whose.")
    reason: str = strawberry.field(description="Why: 1 to 1,000 characters, for the trail.")


@strawberry.input(description="A role to give.")
class ChangeRoleInput:
    user_id: strawberry.ID = strawberry.field(description="To whom.")
    role: Role = strawberry.field(description="`USER`, `SUPPORT` or `ADMIN`.")
    reason: str = strawberry.field(description="Why: 1 to 1,000 characters, for the trail.")


def person_of(
    done: strawberry.Parent["StaffActionSuccess"], info: Info
) -> Awaitable[UserRow | None]:
    return info.context.loaders.users.load(done.user_id)


@strawberry.type(description="It is done, and in the trail.")
class StaffActionSuccess:
    user_id: strawberry.Private[UUID]
    person = strawberry.field(
        resolver=person_of, graphql_type=StaffPerson, description="The account as it is now."
    )


AccountChange: TypeAlias = Callable[[AsyncSession, Actor, UUID, str, datetime], Awaitable[None]]
OnAccount: TypeAlias = Annotated[OnAccountInput, strawberry.argument(description="Whose, why.")]


def _account(text: str) -> UUID:
    key = ids.key_of("User", text)
    if key is None:
        raise NotFound("There is no such account.")
    return key


async def resend_verification(info: Info, input: OnAccount) -> StaffActionSuccess:
    context, whom = info.context, _account(input.user_id)
    runtime = context.runtime
    await desk.resend_verification(
        runtime.db, runtime.limiter, context.actor, whom, input.reason, context.client, context.now
    )
    return StaffActionSuccess(user_id=whom)


def on_account(change: AccountChange) -> Callable[..., Awaitable[StaffActionSuccess]]:
    """The resolver of a change to one account."""

    async def resolve(info: Info, input: OnAccount) -> StaffActionSuccess:
        context, whom = info.context, _account(input.user_id)
        await context.runtime.db.run(
            lambda session: change(session, context.actor, whom, input.reason, context.now)
        )
        return StaffActionSuccess(user_id=whom)

    return resolve


async def change_role(
    info: Info,
    input: Annotated[ChangeRoleInput, strawberry.argument(description="Who becomes what.")],
) -> StaffActionSuccess:
    context, whom, role = info.context, _account(input.user_id), input.role
    await context.runtime.db.run(
        lambda session: desk.change_role(
            session, context.actor, whom, role, input.reason, context.now
        )
    )
    return StaffActionSuccess(user_id=whom)


Result: TypeAlias = union(  # type: ignore[valid-type]
    "StaffActionResult", StaffActionSuccess, NotFoundError, ForbiddenError, InvalidInputError
)


@strawberry.type
class StaffQueries:
    staff_people = strawberry.field(
        resolver=staff_people,
        graphql_type=list[StaffPerson] | None,
        description="Who has this id, address or username, or is part of this booking; of those "
        f"who claim one address {MAX_FOUND} at most. Null unless the viewer is staff.",
    )
    staff_actions = strawberry.field(
        resolver=staff_actions,
        graphql_type=StaffRecordConnection | None,
        description="The trail of what staff looked at and did, newest first. "
        "Null unless the viewer is an admin.",
    )


@strawberry.type
class StaffMutations:
    staff_resend_verification = mutation(
        resend_verification, Result, "Mail somebody the link again that confirms their address."
    )
    staff_revoke_sessions = mutation(
        on_account(desk.revoke_sessions), Result, "Sign somebody out everywhere."
    )
    staff_suspend = mutation(
        on_account(suspension.suspend),
        Result,
        "Sign somebody out everywhere, and let nobody sign in to their account. What they have "
        "published is neither found nor booked meanwhile; bookings that exist stay.",
    )
    staff_reinstate = mutation(
        on_account(suspension.reinstate),
        Result,
        "Let somebody sign in again. What they had published can be found and booked again.",
    )
    staff_change_role = mutation(
        change_role, Result, "Make somebody staff, or not any more. Only for admins."
    )
