"""What must hold after every step, whatever has happened. Each failure says what is wrong."""

from collections import Counter
from typing import Any
from uuid import UUID

from app.payments.disputes import TAKEN_BY_BANK
from app.payments.rules import CLOSED, TAKEN, UNSETTLED
from db.enums import PaymentProvider
from tests.lifecycle.snapshot import OCCUPYING, BookingRow, Snapshot, snapshot
from tests.lifecycle.stage import Stage
from tests.support.books import RECORDS, assert_books_balance

# Section 4 of the domain rules, row by row: from, to, by whom.
LEGAL = {
    (None, "PENDING_PAYMENT", "GUEST"),
    (None, "PENDING_HOST", "GUEST"),
    ("PENDING_PAYMENT", "CONFIRMED", "SYSTEM"),
    ("PENDING_PAYMENT", "PENDING_HOST", "SYSTEM"),
    ("PENDING_HOST", "CONFIRMED", "HOST"),
    # The host's yes, once its capture is known.
    ("PENDING_HOST", "CONFIRMED", "SYSTEM"),
    ("PENDING_HOST", "PENDING_PAYMENT", "HOST"),
    # The same, when the guest's bank has let the money go meanwhile.
    ("PENDING_HOST", "PENDING_PAYMENT", "SYSTEM"),
    ("PENDING_HOST", "DECLINED", "HOST"),
    ("PENDING_PAYMENT", "EXPIRED", "SYSTEM"),
    ("PENDING_HOST", "EXPIRED", "SYSTEM"),
    *(
        (status, "CANCELLED", by)
        for status in ("PENDING_PAYMENT", "PENDING_HOST", "CONFIRMED")
        for by in ("GUEST", "HOST", "ADMIN")
    ),
    ("CONFIRMED", "COMPLETED", "SYSTEM"),
    # Paid after its hold was over, with the nights still free.
    ("EXPIRED", "CONFIRMED", "SYSTEM"),
}
# Amounts in minor units, by provider (if it matters) and currency. Nothing is the same as zero.
Held = Counter[tuple[str | None, str]]


def assert_same(before: Snapshot, after: Snapshot) -> None:
    """A refusal has changed nothing."""
    changed = [name for name in after.digest if before.digest[name] != after.digest[name]]
    assert not changed, f"refused, and yet changed: {changed}"


async def assert_sound(stage: Stage, before: Snapshot | None) -> Snapshot:
    """All that holds at any time, also while things are under way."""
    now = await snapshot(stage.db)
    assert not now.unbalanced, f"these entries do not add up: {now.unbalanced}"
    _history(now, before)
    _nights(now)
    _ledger(now)
    shown = await stage.look()
    for name in stage.sandboxes:
        _money(now, name, shown[name])
    return now


async def assert_settled(stage: Stage) -> None:
    """What holds besides, once everything has come to rest."""
    now = await snapshot(stage.db)
    await assert_books_balance(stage.db, *stage.sandboxes.values())
    disputed = {row.payment_id for row in now.disputes}
    for booking in now.bookings:
        taken = [row for row in now.payments if row.booking_id == booking.id]
        if not disputed.isdisjoint(row.id for row in taken):
            continue
        kept = sum(row.captured_minor - row.refunded_minor for row in taken)
        wanted = _price(stage, booking)
        assert wanted in (kept, None), f"{booking.status} keeps {kept}, not {wanted}: {booking}"


def _price(stage: Stage, booking: BookingRow) -> int | None:
    """What of a guest's money a booking in its state keeps.

    None: it was cancelled by a process that died before it could say what goes back.
    """
    if booking.status in ("CONFIRMED", "COMPLETED"):
        return booking.total_minor
    if booking.status == "CANCELLED" and booking.confirmed_at is not None:
        promised = stage.promised.get(booking.id)
        return None if promised is None else booking.total_minor - promised
    return 0


def _history(now: Snapshot, before: Snapshot | None) -> None:
    histories: dict[Any, list[Any]] = {row.id: [] for row in now.bookings}
    for change in sorted(now.booking_changes, key=lambda row: row.version):
        histories[change.booking_id].append(change)
    for booking in now.bookings:
        history = histories[booking.id]
        versions = [change.version for change in history]
        assert versions == list(range(1, booking.version + 1)), f"{booking.id}: {versions}"
        assert history[-1].status == booking.status, f"{booking.id}: {history[-1]}"
        previous = None
        for change in history:
            step = (change.previous_status, change.status, change.actor)
            assert change.previous_status == previous, f"{booking.id}: {step} after {previous}"
            assert step in LEGAL, f"{booking.id}: {step} is no transition"
            previous = change.status
    if before is not None:
        known = {(row.booking_id, row.version): row for row in now.booking_changes}
        for row in before.booking_changes:
            assert known[row.booking_id, row.version] == row, "history was rewritten"


def _nights(now: Snapshot) -> None:
    expected = Counter(
        (booking.property_id, night, booking.id)
        for booking in now.bookings
        for night in booking.nights
    )
    twice = Counter((place, night) for place, night, _ in expected)
    assert max(twice.values(), default=0) <= 1, f"taken twice: {twice.most_common(1)}"
    taken = Counter(
        (row.property_id, row.night, row.booking_id)
        for row in now.occupied_nights
        if row.booking_id is not None
    )
    assert taken == expected, f"not as the states say: {taken - expected}, {expected - taken}"
    bookings = {row.id: row for row in now.bookings}
    for row in now.occupied_nights:
        if row.booking_id is None:
            assert any(
                booking.property_id == row.property_id
                and booking.cancelled_by == "HOST"
                and booking.confirmed_at is not None
                and booking.check_in <= row.night < booking.check_out
                for booking in now.bookings
            ), f"blocked by nobody: {row}"
        else:
            booking = bookings[row.booking_id]
            assert row.kind == OCCUPYING[booking.status], f"{row.kind} of a {booking.status}"


def _ledger(now: Snapshot) -> None:
    """Our own rows and the ledger tell the same, at any time."""
    payments = {row.id: row for row in now.payments}
    clearing, guests, reserved = Held(), Held(), Held()
    for row in now.payments:
        clearing[row.provider, row.currency] += row.captured_minor
        assert row.refunded_minor <= row.captured_minor, f"{row.id}: more back than was paid"
        assert (row.captured_minor > 0) == (row.status in TAKEN), f"{row.id}: {row.status}"
    refunded: Counter[UUID] = Counter()
    for refund in now.refunds:
        payment = payments[refund.payment_id]
        if refund.status == "SUCCEEDED":
            refunded[payment.id] += refund.amount_minor
            clearing[payment.provider, payment.currency] -= refund.amount_minor
        elif refund.failure_code != TAKEN_BY_BANK:
            guests[None, payment.currency] -= refund.amount_minor
    assert refunded == Counter({row.id: row.refunded_minor for row in now.payments}), "refunds"
    for payout in now.payouts:
        if payout.status == "PAID":
            clearing[payout.provider, payout.currency] -= payout.amount_minor
        elif payout.status == "RESERVED":
            reserved[None, payout.currency] -= payout.amount_minor
    for dispute in now.disputes:
        if dispute.status != "WON":
            clearing[dispute.provider, dispute.currency] -= dispute.withdrawn_minor
    clearing.subtract(_held(now, "PROVIDER_FEES"))
    assert clearing == _held(now, "PROVIDER_CLEARING"), "not what is at the providers"
    assert guests == _held(now, "GUEST"), "not what guests are owed"
    assert reserved == _held(now, "PAYOUT_IN_TRANSIT"), "not what is on its way"


def _held(now: Snapshot, kind: str) -> Held:
    """What the accounts of a kind hold, by provider and currency."""
    return Held(
        {(row.provider, row.currency): row.held for row in now.accounts if row.kind == kind}
    )


def _money(now: Snapshot, name: PaymentProvider, shown: dict[str, Any]) -> None:
    """What we say a provider has done, it has; what it has done besides is under way with us."""
    record = RECORDS[name.lower()](shown)
    payments = {row.id: row for row in now.payments if row.provider == name}
    known = {row.provider_payment_id or "": row for row in payments.values()}
    assert record.taken.keys() <= known.keys(), "money was taken for nothing of ours"
    for key, row in known.items():
        theirs = record.taken.get(key, 0)
        if row.captured_minor:
            assert row.captured_minor == theirs, f"{key}: {row.captured_minor} here, {theirs}"
        elif theirs:
            # A page of Paystack's can be paid on after we have given it up.
            under_way = UNSETTLED if name is PaymentProvider.STRIPE else UNSETTLED | CLOSED
            assert row.status in under_way, f"{key}: {row.status} here, {theirs} there"
            assert theirs == row.amount_minor, f"{key}: {theirs} was taken"
    refunds = {row.id: row for row in now.refunds if row.payment_id in payments}
    made = _of_ours(name, shown, "refunds")
    assert max(Counter(made.values()).values(), default=0) <= 1, f"refunded twice: {made}"
    for key, amount in record.refunds.items():
        refund = refunds[made[key]]
        assert refund.amount_minor == amount, f"{key}: {refund.amount_minor} here, {amount} there"
        assert refund.status in ("SUCCEEDED", "PENDING"), f"{key}: {refund.status} here"
    for refund in refunds.values():
        if refund.status == "SUCCEEDED":
            assert refund.provider_refund_id in record.refunds, f"{refund.id} was never made"
    payouts = {row.id: row for row in now.payouts if row.provider == name}
    sent = _of_ours(name, shown, "transfers")
    assert max(Counter(sent.values()).values(), default=0) <= 1, f"paid out twice: {sent}"
    for key, amount in record.payouts.items():
        payout = payouts[sent[key]]
        assert payout.amount_minor == amount, f"{key}: {payout.amount_minor} here, {amount} there"
        assert payout.status in ("PAID", "RESERVED"), f"{key}: {payout.status} here"
    for payout in payouts.values():
        if payout.status == "PAID":
            assert payout.provider_transfer_id in record.payouts, f"{payout.id} was never sent"


def _of_ours(name: PaymentProvider, shown: dict[str, Any], kind: str) -> dict[str, UUID]:
    """Which row of ours each refund or transfer is for that is made or being made, by its id."""
    found = {}
    for row in shown[kind]:
        if row.get("status") in ("failed", "reversed"):
            continue
        if name is PaymentProvider.STRIPE:
            words = row["metadata"]["refund_id" if kind == "refunds" else "payout_id"]
            key = row["id"]
        elif kind == "refunds":
            words, key = row["merchant_note"].removeprefix("refund "), str(row["number"])
        else:
            words, key = row["id"].removeprefix("payout-"), row["id"]
        found[key] = UUID(words)
    return found
