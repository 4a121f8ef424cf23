"""Where a person is signed in, how to end it, and the trail of what happened."""

from collections.abc import Awaitable
from datetime import datetime
from typing import Annotated, Protocol
from uuid import UUID

import strawberry

from app.errors import NotFound
from app.identity import policy, service
from app.identity.queries import SessionRow, SignInEventRow
from db.enums import StaffActionKind
from schema import ids
from schema.context import Context, Info
from schema.enums import SignInEventKind
from schema.errors import NotFoundError
from schema.mutations import mutation, union
from schema.node import Node, shows
from schema.paging import Page


def is_current(session: strawberry.Parent[SessionRow], info: Info) -> bool:
    return session.id == info.context.actor.session_id


@strawberry.type(description="A device that somebody is signed in on.")
class SignInSession(Node):
    is_type_of = shows(SessionRow)

    user_agent: str = strawberry.field(description="The program, in its own words; may be empty.")
    created_at: datetime = strawberry.field(description="When it signed in.")
    last_used_at: datetime = strawberry.field(description="When it was last refreshed.")
    expires_at: datetime = strawberry.field(description="When it ends unless it is used again.")
    revoked_at: datetime | None = strawberry.field(description="When it was ended; null: it lasts.")
    is_current = strawberry.field(
        resolver=is_current, description="Whether it is the one that asks."
    )


@strawberry.type(description="A line of an account's audit trail. Lines are never changed.")
class SignInEvent(Node):
    is_type_of = shows(SignInEventRow)

    kind: SignInEventKind = strawberry.field(description="What happened.")
    occurred_at: datetime = strawberry.field(description="When.")
    address: str = strawberry.field(description="The network address that it came from.")
    user_agent: str = strawberry.field(description="The program, in its own words; may be empty.")


@strawberry.type(description="A line of the audit trail in its place in the list.")
class SignInEventEdge:
    cursor: str = strawberry.field(description="Its place: pass it as `after`.")
    node: SignInEvent = strawberry.field(description="The line.")


@strawberry.type(description="One page of an audit trail, newest first.")
class SignInEventConnection(Page):
    edges: list[SignInEventEdge] = strawberry.field(description="The lines, in order.")


async def visible_session(context: Context, key: UUID) -> SessionRow | None:
    """The session, if it is the viewer's, or the viewer is staff."""
    row = await context.loaders.sessions.load(key)
    if row is None or policy.is_own(row.user_id, context.actor):
        return row
    return row if await context.look(StaffActionKind.SIGN_INS_READ, row.user_id) else None


async def visible_event(context: Context, key: UUID) -> SignInEventRow | None:
    """The line, if it is about the viewer, or the viewer is staff."""
    row = await context.loaders.sign_in_events.load(key)
    if row is None or row.user_id is None:
        return None
    if policy.is_own(row.user_id, context.actor):
        return row
    return row if await context.look(StaffActionKind.SIGN_INS_READ, row.user_id) else None


@strawberry.input(description="A session to end.")
class RevokeSessionInput:
    session_id: strawberry.ID = strawberry.field(description="Which of the viewer's sessions.")


@strawberry.input(description="Which sessions to end.")
class RevokeAllSessionsInput:
    keep_current: bool = strawberry.field(
        default=False, description="Whether to stay signed in on the device that asks."
    )


class Done(Protocol):
    """A success that is about a session."""

    session_id: UUID


def session_of(done: strawberry.Parent[Done], info: Info) -> Awaitable[SessionRow | None]:
    return info.context.loaders.sessions.load(done.session_id)


@strawberry.type(description="The session has ended. Its live connections close within seconds.")
class RevokeSessionSuccess:
    session_id: strawberry.Private[UUID]
    session = strawberry.field(
        resolver=session_of, graphql_type=SignInSession, description="The session as it is now."
    )


@strawberry.type(description="They have ended. Their live connections close within seconds.")
class RevokeAllSessionsSuccess:
    revoked_count: int = strawberry.field(description="How many there were.")


async def revoke_session(
    info: Info,
    input: Annotated[RevokeSessionInput, strawberry.argument(description="The session.")],
) -> RevokeSessionSuccess:
    context, key = info.context, ids.key_of("SignInSession", input.session_id)
    if key is None:
        raise NotFound("There is no such session.")
    await context.runtime.db.run(
        lambda session: service.revoke_own(session, context.actor, key, context.client, context.now)
    )
    return RevokeSessionSuccess(session_id=key)


async def revoke_all_sessions(
    info: Info,
    input: Annotated[RevokeAllSessionsInput, strawberry.argument(description="Which.")],
) -> RevokeAllSessionsSuccess:
    context = info.context
    count = await context.runtime.db.run(
        lambda session: service.revoke_all_own(
            session,
            context.actor,
            context.client,
            context.now,
            keep_current=input.keep_current,
        )
    )
    return RevokeAllSessionsSuccess(revoked_count=count)


@strawberry.type
class SignInMutations:
    revoke_session = mutation(
        revoke_session,
        union("RevokeSessionResult", RevokeSessionSuccess, NotFoundError),
        "End one of the viewer's sessions, on whatever device. Again changes nothing.",
    )
    revoke_all_sessions = mutation(
        revoke_all_sessions,
        union("RevokeAllSessionsResult", RevokeAllSessionsSuccess, NotFoundError),
        "End all of the viewer's sessions, or all others.",
    )
