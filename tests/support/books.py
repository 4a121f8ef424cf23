"""The books are right: they add up, and they say what the payment provider says."""

from collections import Counter
from typing import Any

import msgspec
from sqlalchemy import func, select

from app.ledger import queries as ledger
from app.payments.paystack_amounts import from_paystack
from app.payments.stripe_amounts import from_stripe
from db.enums import LedgerAccountKind, PaymentStatus, PayoutStatus, RefundStatus
from db.models import LedgerAccount, Payment, Payout, Posting, Refund
from db.session import Database
from tests.support.sandbox import Sandbox

# What moves our money at the provider; top-ups are the tests' own.
MOVES = ("charge", "refund", "transfer", "transfer_refund", "adjustment")


class Record(msgspec.Struct, kw_only=True):
    """What providers say has moved, in our minor units, by their ids; `net` by currency."""

    taken: dict[str, int] = {}
    given_back: dict[str, int] = {}
    refunds: dict[str, int] = {}
    payouts: dict[str, int] = {}
    net: dict[str, int] = {}


async def assert_books_balance(db: Database, *sandboxes: Sandbox) -> None:
    """The ledger adds up to zero, and equals the sandboxes' own records to the minor unit.

    Everything in a sandbox must have come from this database: one of them is never wiped
    without the other. What is still under way (an unsettled refund) is not in the books yet.
    """
    record = Record()
    for sandbox in sandboxes:
        shown = RECORDS[sandbox.provider](await sandbox.control.state())
        for field in msgspec.structs.fields(Record):
            getattr(record, field.name).update(getattr(shown, field.name))
    async with db.read() as connection:
        assert await ledger.verify(connection) == []
        clearing = await connection.execute(
            select(LedgerAccount.currency, func.sum(Posting.amount_minor))
            .join(Posting, Posting.account_id == LedgerAccount.id)
            .where(LedgerAccount.kind == LedgerAccountKind.PROVIDER_CLEARING)
            .group_by(LedgerAccount.currency)
        )
        payments = await connection.execute(
            select(Payment.provider_payment_id, Payment.captured_minor).where(
                Payment.captured_minor > 0
            )
        )
        given_back = await connection.execute(
            select(Payment.provider_payment_id, Payment.refunded_minor).where(
                Payment.refunded_minor > 0
            )
        )
        refunds = await connection.execute(
            select(Refund.provider_refund_id, Refund.amount_minor).where(
                Refund.status == RefundStatus.SUCCEEDED
            )
        )
        payouts = await connection.execute(
            select(Payout.provider_transfer_id, Payout.amount_minor).where(
                Payout.status == PayoutStatus.PAID
            )
        )
        live = await connection.scalar(
            select(func.count()).where(
                Payment.captured_minor > 0,
                Payment.status.in_([PaymentStatus.FAILED, PaymentStatus.CANCELLED]),
            )
        )
    assert live == 0, "money was taken for a payment that is called lost"
    assert _amounts(payments) == record.taken
    assert _amounts(given_back) == record.given_back
    assert _amounts(refunds) == record.refunds
    assert _amounts(payouts) == record.payouts
    assert {code: int(total) for code, total in clearing if total} == record.net


def _stripe(shown: dict[str, Any]) -> Record:
    return Record(
        taken=_taken(shown["payment_intents"]),
        given_back=_refunded(shown["charges"]),
        refunds={
            row["id"]: _minor(row, "amount")
            for row in shown["refunds"]
            if row["status"] == "succeeded"
        },
        payouts={
            row["id"]: _minor(row, "amount")
            for row in shown["transfers"]
            if row["amount_reversed"] == 0
        },
        net=_net(shown),
    )


def _paystack(shown: dict[str, Any]) -> Record:
    paid = {row["id"]: row for row in shown["transactions"] if row["paid"] is not None}
    record = Record(taken={key: _subunits(row, row["amount"]) for key, row in paid.items()})
    totals: Counter[str] = Counter()
    for row in paid.values():
        totals[row["currency"]] += _subunits(row, row["amount"] - row["fees"])
    for row in shown["refunds"]:
        if row["status"] == "processed":
            amount = _subunits(row, row["amount"])
            totals[row["currency"]] -= amount
            record.refunds[str(row["number"])] = amount
            before = record.given_back.get(row["transaction"], 0)
            record.given_back[row["transaction"]] = before + amount
    for row in shown["disputes"]:
        if row["resolution"] == "merchant-accepted":
            currency = paid[row["transaction"]]["currency"]
            totals[currency] -= from_paystack(row["amount"], currency)
    for row in shown["transfers"]:
        if row["status"] in ("success", "reversed"):
            totals[row["currency"]] -= _subunits(row, row["fee"])
        if row["status"] == "success":
            record.payouts[row["id"]] = _subunits(row, row["amount"])
            totals[row["currency"]] -= record.payouts[row["id"]]
    record.net.update({code: total for code, total in totals.items() if total})
    return record


RECORDS = {"stripe": _stripe, "paystack": _paystack}


def _subunits(row: dict[str, Any], amount: int) -> int:
    return from_paystack(amount, row["currency"])


def _amounts(rows: Any) -> dict[str, int]:
    return {provider_id: int(amount) for provider_id, amount in rows}


def _minor(row: dict[str, Any], name: str) -> int:
    return from_stripe(row[name], row["currency"].upper())


def _taken(intents: list[dict[str, Any]]) -> dict[str, int]:
    return {row["id"]: _minor(row, "amount_received") for row in intents if row["amount_received"]}


def _refunded(charges: list[dict[str, Any]]) -> dict[str, int]:
    return {
        row["payment_intent"]: _minor(row, "amount_refunded")
        for row in charges
        if row["amount_refunded"]
    }


def _net(shown: dict[str, Any]) -> dict[str, int]:
    """What the sandbox holds for us, by currency."""
    totals: Counter[str] = Counter()
    for row in shown["balance_transactions"]:
        if row["type"] in MOVES:
            totals[row["currency"].upper()] += _minor(row, "net")
    return {code: total for code, total in totals.items() if total}
