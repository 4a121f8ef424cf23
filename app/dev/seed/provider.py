"""The demo's past as the payment sandbox has to know it: accounts, payments, transfers.

Imported under the very ids that our rows have, so that a refund or a transfer reversal of
something seeded works, and the ledger equals the sandbox's record.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import httpx2

from app.dev.seed.books import Transfer
from app.dev.seed.people import Resident
from app.dev.seed.stays import Booked


class ImportFailed(Exception):
    """The sandbox did not take the history; the message is for the person at the terminal."""


def history(
    hosts: Iterable[Resident], stays: Iterable[Booked], transfers: Iterable[Transfer]
) -> dict[str, list[dict[str, Any]]]:
    """The body of the sandbox's import call (docs/sandbox.md)."""
    accounts = {host.id: host.account_id for host in hosts}
    return {
        "accounts": [
            {
                "id": host.account_id,
                "email": host.person.address,
                "country": host.person.country,
                "metadata": {"user_id": str(host.id)},
                "created": _seconds(host.joined_at),
            }
            for host in hosts
        ],
        "payment_intents": [_payment(stay) for stay in stays],
        "transfers": [
            {
                "id": transfer.id,
                "amount": transfer.amount_minor,
                "currency": transfer.currency.lower(),
                "destination": accounts[transfer.host_id],
                "transfer_group": f"payout:{transfer.payout_id}",
                "metadata": {"payout_id": str(transfer.payout_id)},
                "created": _seconds(transfer.at),
            }
            for transfer in transfers
        ],
    }


def _payment(stay: Booked) -> dict[str, Any]:
    booked_at = stay.visit.booked_at
    payment: dict[str, Any] = {
        "id": stay.charge_id,
        "amount": stay.quote.total_minor,
        "currency": stay.quote.currency.lower(),
        "created": _seconds(booked_at),
        "paid": _seconds(stay.paid_at or booked_at),
        "status": "succeeded" if stay.paid_at else "requires_capture",
        "capture_method": "automatic" if stay.home.instant_book else "manual",
        "transfer_group": f"booking:{stay.id}",
        "metadata": {"payment_id": str(stay.payment_id), "booking_id": str(stay.id)},
    }
    if stay.refund:
        payment |= {
            "refunded": _seconds(stay.refund.at),
            "refund_amount": stay.refund.share.amount_minor,
            "refund_id": stay.refund.provider_id,
            "refund_metadata": {"refund_id": str(stay.refund.id)},
        }
    return payment


async def send(history: dict[str, list[dict[str, Any]]], base_url: str, secret_key: str) -> None:
    """Import a history into a running sandbox. Objects that it has already stay as they are.

    Raises ImportFailed.
    """
    async with httpx2.AsyncClient(trust_env=False, timeout=60) as client:
        try:
            answer = await client.post(
                f"{base_url}/_sandbox/import",
                headers={"Authorization": f"Bearer {secret_key}"},
                json=history,
            )
        except httpx2.HTTPError as error:
            raise ImportFailed(
                f"The payment sandbox at {base_url} does not answer ({error!r}): start it with"
                " `app sandbox`, or unset STRIPE_API_BASE."
            ) from error
    if answer.status_code != httpx2.codes.OK:
        raise ImportFailed(f"The payment sandbox refused the demo's past: {answer.text[:300]}")


def _seconds(instant: datetime) -> int:
    return int(instant.timestamp())
