"""What hosts owe and no stay of theirs will bring: for admins."""

from collections.abc import Awaitable, Sequence
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

import strawberry

from app.errors import Invalid
from app.identity.queries import UserRow
from app.payouts.debts import DebtRow, debts
from db.enums import StaffActionKind
from schema.context import Info
from schema.money import Money
from schema.paging import DEFAULT_PAGE, First, require_first
from schema.users import User

LONGEST = 3_650
OLD = 30

Debt = strawberry.Parent[DebtRow]


def debtor(debt: Debt, info: Info) -> Awaitable[UserRow | None]:
    return info.context.loaders.users.load(debt.host_id)


def age_days(debt: Debt, info: Info) -> int:
    return (info.context.now - debt.since).days


@strawberry.type(description="What a host owes, and what is due to them does not cover.")
class HostDebt:
    host = strawberry.field(resolver=debtor, graphql_type=User, description="Who.")
    amount: Money = strawberry.field(
        description="How much, less all that their stays still bring in this currency."
    )
    since: datetime = strawberry.field(description="Since when the oldest of it is owed.")
    age_days = strawberry.field(resolver=age_days, description="The same in days.")


async def staff_host_debts(
    info: Info,
    older_than_days: Annotated[
        int, strawberry.argument(description=f"Owed for so long at least, 0 to {LONGEST}.")
    ] = OLD,
    first: First = DEFAULT_PAGE,
) -> list[DebtRow] | None:
    context = info.context
    if not context.actor.may(StaffActionKind.DEBTS_READ):
        return None
    if not 0 <= older_than_days <= LONGEST:
        raise Invalid(f"Expected 0 to {LONGEST} days.", field="olderThanDays")
    before = context.now - timedelta(days=older_than_days)
    found = await debts(context.runtime.db, before, require_first(first))
    # A look that finds nobody leaves a line, too.
    subjects: Sequence[UUID | None] = sorted({each.host_id for each in found}) or [None]
    return found if await context.look(StaffActionKind.DEBTS_READ, *subjects) else None


staff_host_debts_field = strawberry.field(
    resolver=staff_host_debts,
    graphql_type=list[HostDebt] | None,
    description="What hosts owe and cannot be netted from their stays, the oldest first. Null "
    "unless the viewer is an admin.",
)
