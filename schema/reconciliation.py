"""What payment providers and the books say otherwise, and what admins do about it."""

from datetime import datetime
from typing import Annotated, TypeAlias
from uuid import UUID

import strawberry

from app.errors import Invalid, NotFound
from app.payments import choice
from app.reconciliation import desk, queries
from app.reconciliation.queries import DifferenceRow, Hold, WalkRow
from db.enums import StaffActionKind
from schema import ids
from schema.context import Info
from schema.enums import (
    DifferenceKind,
    DifferenceResolution,
    DifferenceSubject,
    PaymentProvider,
    ReconciliationStep,
)
from schema.errors import InvalidInputError, NotFoundError
from schema.money import Money
from schema.mutations import mutation, union
from schema.paging import (
    DEFAULT_PAGE,
    After,
    Connection,
    Edge,
    First,
    Page,
    connect,
    decode_cursor,
    encode_cursor,
    require_first,
)

REASON = "Why: 1 to 1,000 characters, for the trail."
# What a difference's object is.
OBJECTS = {"CHARGE": "Payment", "TRANSFER": "Payout"}


def difference_id(row: strawberry.Parent[DifferenceRow]) -> strawberry.ID:
    return ids.encode("Difference", row.id)


def object_id(row: strawberry.Parent[DifferenceRow]) -> strawberry.ID | None:
    kind = OBJECTS.get(row.subject)
    return ids.encode(kind, row.object_id) if kind and row.object_id else None


@strawberry.type(description="A comparison of the books with all that a payment provider lists.")
class Reconciliation:
    provider: PaymentProvider = strawberry.field(description="With whom.")
    since: datetime = strawberry.field(description="What was made from then on,")
    until: datetime = strawberry.field(description="and before then.")
    step: ReconciliationStep = strawberry.field(description="How far it has come.")
    looked_at: int = strawberry.field(description="How many objects were compared.")
    started_at: datetime = strawberry.field(description="When it began.")
    finished_at: datetime | None = strawberry.field(description="When it was done.")


@strawberry.type(description="Payouts of a provider and currency that wait until both agree.")
class HeldPayouts:
    provider: PaymentProvider = strawberry.field(description="Whose transfers wait.")
    drift: Money = strawberry.field(description="So much more it holds than the books say.")
    differences: int = strawberry.field(description="How many differences that comes from.")


@strawberry.type(description="What a payment provider and the books say otherwise of one object.")
class Difference:
    id = strawberry.field(
        resolver=difference_id,
        graphql_type=strawberry.ID,
        description="By which `staffBookDifference` knows it.",
    )
    provider: PaymentProvider = strawberry.field(description="Who says otherwise.")
    subject: DifferenceSubject = strawberry.field(description="What kind of object it is.")
    kind: DifferenceKind = strawberry.field(description="What differs.")
    key: str = strawberry.field(description="The provider's id of it; without one, ours.")
    object_id = strawberry.field(
        resolver=object_id,
        graphql_type=strawberry.ID | None,
        description="Our payment or payout, where there is one.",
    )
    ours: str = strawberry.field(description="What we say of it, amounts in minor units.")
    theirs: str = strawberry.field(description="What the provider says of it.")
    drift: Money = strawberry.field(
        description="So much more the provider has moved to us by it than the books say."
    )
    first_seen_at: datetime = strawberry.field(description="When it was found.")
    last_seen_at: datetime = strawberry.field(description="When it was last looked at.")
    resolved_at: datetime | None = strawberry.field(description="When it was resolved.")
    resolution: DifferenceResolution | None = strawberry.field(description="How.")
    released_at: datetime | None = strawberry.field(
        description="Since when payouts go on in spite of it."
    )
    release_reason: str | None = strawberry.field(description="Why they do.")
    failure_code: str | None = strawberry.field(
        description="The provider's own word for why an unknown charge is not given back."
    )


@strawberry.type(description="A difference in its place in the list.")
class DifferenceEdge:
    cursor: str = strawberry.field(description="Its place: pass it as `after`.")
    node: Difference = strawberry.field(description="The difference.")


@strawberry.type(description="One page of what differs, newest first.")
class DifferenceConnection(Page):
    edges: list[DifferenceEdge] = strawberry.field(description="The differences, in order.")


Desk: TypeAlias = strawberry.Parent["StaffReconciliation"]


async def walks(_: Desk, info: Info) -> list[WalkRow]:
    async with info.context.runtime.db.read() as connection:
        return await queries.last_walks(connection)


async def holds(_: Desk, info: Info) -> list[Hold]:
    async with info.context.runtime.db.read() as connection:
        return await queries.holds(connection)


async def differences(
    _: Desk,
    info: Info,
    resolved: Annotated[
        bool | None,
        strawberry.argument(description="Only those that are resolved, or only the others."),
    ] = None,
    first: First = DEFAULT_PAGE,
    after: After = None,
) -> Connection[DifferenceRow]:
    db = info.context.runtime.db
    size, start = require_first(first), None if after is None else decode_cursor(after)
    async with db.read() as connection:
        found = await queries.differences(connection, resolved, size + 1, start)

    async def count() -> int:
        async with db.read() as connection:
            return await queries.count(connection, resolved)

    return connect(
        [Edge(encode_cursor(row.id), row) for row in found[:size]],
        has_next=len(found) > size,
        after=after,
        count=count,
    )


@strawberry.type(description="How the books and the payment providers agree. Only for admins.")
class StaffReconciliation:
    walks = strawberry.field(
        resolver=walks,
        graphql_type=list[Reconciliation],
        description="The last comparison with each provider.",
    )
    holds = strawberry.field(
        resolver=holds, graphql_type=list[HeldPayouts], description="Which payouts wait."
    )
    differences = strawberry.field(
        resolver=differences, graphql_type=DifferenceConnection, description="What differs."
    )


async def staff_reconciliation(info: Info) -> StaffReconciliation | None:
    if not await info.context.look(StaffActionKind.RECONCILIATION_READ, None):
        return None
    return StaffReconciliation()


staff_reconciliation_field = strawberry.field(
    resolver=staff_reconciliation,
    graphql_type=StaffReconciliation | None,
    description="How the books and the payment providers agree. Null unless the viewer is an "
    "admin.",
)


@strawberry.input(description="A comparison to begin.")
class StaffReconcileInput:
    provider: PaymentProvider = strawberry.field(description="With whom.")
    reason: str = strawberry.field(description=REASON)


@strawberry.input(description="Payouts that are to go on.")
class StaffReleasePayoutsInput:
    provider: PaymentProvider = strawberry.field(description="Whose transfers.")
    currency: str = strawberry.field(description="In which currency (ISO 4217).")
    reason: str = strawberry.field(description=REASON)


@strawberry.input(description="A difference to book.")
class StaffBookDifferenceInput:
    difference_id: strawberry.ID = strawberry.field(description="Which.")
    reason: str = strawberry.field(description=REASON)


def after_that(_: strawberry.Parent["StaffReconciliationSuccess"]) -> StaffReconciliation:
    return StaffReconciliation()


@strawberry.type(description="It is done, and in the trail.")
class StaffReconciliationSuccess:
    reconciliation = strawberry.field(
        resolver=after_that,
        graphql_type=StaffReconciliation,
        description="How the books and the providers agree now.",
    )


async def staff_reconcile(
    info: Info,
    input: Annotated[StaffReconcileInput, strawberry.argument(description="With whom, why.")],
) -> StaffReconciliationSuccess:
    context = info.context
    if input.provider not in choice.configured(context.runtime.settings):
        raise Invalid("This provider is not set up.", field="provider")
    await context.runtime.db.run(
        lambda session: desk.start(
            session, context.actor, input.provider, input.reason, context.now
        )
    )
    return StaffReconciliationSuccess()


async def staff_release_payouts(
    info: Info,
    input: Annotated[StaffReleasePayoutsInput, strawberry.argument(description="Which, why.")],
) -> StaffReconciliationSuccess:
    context = info.context
    await context.runtime.db.run(
        lambda session: desk.release(
            session, context.actor, input.provider, input.currency, input.reason, context.now
        )
    )
    return StaffReconciliationSuccess()


async def staff_book_difference(
    info: Info,
    input: Annotated[StaffBookDifferenceInput, strawberry.argument(description="Which, why.")],
) -> StaffReconciliationSuccess:
    context, key = info.context, _key(input.difference_id)
    await context.runtime.db.run(
        lambda session: desk.book(session, context.actor, key, input.reason, context.now)
    )
    return StaffReconciliationSuccess()


def _key(text: str) -> UUID:
    key = ids.key_of("Difference", text)
    if key is None:
        raise NotFound("There is no such difference.")
    return key


Result: TypeAlias = union(  # type: ignore[valid-type]
    "StaffReconciliationResult", StaffReconciliationSuccess, NotFoundError, InvalidInputError
)


@strawberry.type
class ReconciliationMutations:
    staff_reconcile = mutation(
        staff_reconcile,
        Result,
        "Compare the books with a payment provider now, as each night. Only for admins.",
    )
    staff_release_payouts = mutation(
        staff_release_payouts,
        Result,
        "Let payouts of a provider and currency go on in spite of what differs now. What differs "
        "later, or by another amount, holds them again. Only for admins.",
    )
    staff_book_difference = mutation(
        staff_book_difference,
        Result,
        "Bring the books to what the provider says of an object, against money of which nobody "
        "knows whose it is. Only for admins.",
    )
