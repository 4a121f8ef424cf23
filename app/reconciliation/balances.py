"""Whether what a provider holds for us is, in all, what the books say."""

from datetime import datetime
from functools import partial

from sqlalchemy import func, select

from app.ledger import queries as ledger
from app.payments.provider import Provider
from app.reconciliation import service
from app.reconciliation.rules import Found, Side
from db.enums import DifferenceKind, DifferenceSubject, PayoutStatus, RefundStatus
from db.models import Difference, Payment, Payout, Refund
from db.session import Database

Subject = DifferenceSubject
# So many readings until the books do not move meanwhile.
READINGS = 5


async def compare(db: Database, provider: Provider, now: datetime) -> None:
    """Whether each balance is what the ledger says and the open differences explain.

    While the books move, or something is under way that the provider counts and they do not yet,
    nothing can be said.
    """
    for _ in range(READINGS):
        before = await _expected(db, provider)
        held = await provider.balances()
        if await _expected(db, provider) == before:
            break
    else:
        return
    for currency in sorted({*before, *held}):
        expected = before.get(currency, 0)
        if expected is None:
            continue
        theirs = held.get(currency, 0)
        found = []
        if theirs != expected:
            found = [
                Found(
                    kind=DifferenceKind.BALANCE_DRIFT,
                    currency=currency,
                    ours_minor=expected,
                    theirs_minor=theirs,
                )
            ]
        sides = [
            Side(status="HELD", amount_minor=amount, currency=currency)
            for amount in (expected, theirs)
        ]
        await db.run(
            partial(
                service.note,
                provider=provider.name,
                subject=Subject.BALANCE,
                key=currency,
                object_id=None,
                found=found,
                ours=sides[0],
                theirs=sides[1],
                now=now,
            )
        )


async def _expected(db: Database, provider: Provider) -> dict[str, int | None]:
    """What a provider should hold, by currency: by the ledger, and by what is known to differ.

    None where a transfer is under way: what it costs is not known yet.
    """
    async with db.read() as connection:
        expected: dict[str, int | None] = {**await ledger.held_at(connection, provider.name)}
        drifts = await connection.execute(
            select(
                Difference.currency,
                func.sum(Difference.theirs_minor - Difference.ours_minor),
            )
            .where(
                Difference.provider == provider.name,
                Difference.subject != Subject.BALANCE,
                Difference.resolved_at.is_(None),
            )
            .group_by(Difference.currency)
        )
        refunds = await connection.execute(
            select(Payment.currency, -func.sum(Refund.amount_minor))
            .join(Payment, Payment.id == Refund.payment_id)
            .where(
                Payment.provider == provider.name,
                Refund.status == RefundStatus.PENDING,
                Refund.provider_refund_id.is_not(None),
            )
            .group_by(Payment.currency)
        )
        returns = await connection.execute(
            select(Difference.currency, -func.sum(Difference.return_minor))
            .where(
                Difference.provider == provider.name,
                Difference.resolved_at.is_(None),
                Difference.provider_refund_id.is_not(None),
            )
            .group_by(Difference.currency)
        )
        for rows in (drifts, refunds, returns):
            for currency, amount in rows:
                expected[currency] = (expected.get(currency) or 0) + int(amount)
        moving = await connection.scalars(
            select(Payout.currency)
            .where(
                Payout.provider == provider.name,
                Payout.status == PayoutStatus.RESERVED,
                Payout.attempts > 0,
            )
            .distinct()
        )
        expected.update(dict.fromkeys(moving))
    return expected
