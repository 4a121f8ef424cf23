"""Rows as Paystack shows them: each answer has a shape of its own."""

from typing import Any

from app.sandbox.paystack.numbers import stamp
from app.sandbox.state import Obj, State

DOMAIN = "test"
INTEGRATION = 100_032
_AUTHORIZATION = (
    *("bin", "last4", "exp_month", "exp_year", "channel", "card_type", "bank"),
    *("country_code", "brand", "reusable", "signature"),
)


def customer(state: State, email: str) -> Obj:
    """The payer."""
    row = state.table("customer")[email]
    return {
        "id": row["number"],
        "first_name": "",
        "last_name": "",
        "email": email,
        "customer_code": row["customer_code"],
        "phone": "",
        "metadata": {},
        "risk_action": "default",
        "international_format_phone": "",
    }


def authorization(state: State, row: Obj) -> Obj:
    """What was paid with, or tried last; nothing before that."""
    known = state.get("authorization", row["authorization"] or "")
    if known is None:
        return {}
    return {
        "authorization_code": known["id"],
        **{name: known[name] for name in _AUTHORIZATION},
        "account_name": None,
        "receiver_bank_account_number": None,
        "receiver_bank": None,
    }


def transaction(state: State, row: Obj) -> Obj:
    """A transaction, as `verify` and the webhook show it."""
    return {
        "id": row["number"],
        "domain": DOMAIN,
        "status": "reversed" if row["refunded"] >= row["amount"] else row["status"],
        "reference": row["id"],
        "receipt_number": None,
        "amount": row["amount"],
        "message": None,
        "gateway_response": row["gateway_response"],
        "paid_at": stamp(row["paid"]),
        "created_at": stamp(row["created"]),
        "channel": row["channel"],
        "currency": row["currency"],
        "ip_address": "127.0.0.1",
        "metadata": row["metadata"] if row["metadata"] is not None else "",
        "log": None,
        "fees": row["fees"],
        "fees_split": None,
        "authorization": authorization(state, row),
        "customer": customer(state, row["customer"]),
        "plan": None,
        "split": {},
        "order_id": None,
        "paidAt": stamp(row["paid"]),
        "createdAt": stamp(row["created"]),
        "requested_amount": row["amount"],
        "pos_transaction_data": None,
        "source": None,
        "fees_breakdown": None,
        "connect": None,
        "transaction_date": stamp(row["created"]),
        "plan_object": {},
        "subaccount": {},
    }


def fetched(state: State, row: Obj) -> Obj:
    """A transaction, as it is shown by its id."""
    shown = transaction(state, row)
    del shown["transaction_date"], shown["plan_object"]
    return {
        **shown,
        "helpdesk_link": None,
        "metadata": {"custom_fields": [], **(row["metadata"] or {})},
        "plan": {},
        "source": {"type": "api", "source": "merchant_api", "identifier": None},
    }


def listed(state: State, row: Obj) -> Obj:
    """A transaction in a list."""
    shown = fetched(state, row)
    known = shown["authorization"] or {
        **dict.fromkeys(("authorization_code", *_AUTHORIZATION, "account_name")),
        "reusable": False,
    }
    return {
        **shown,
        "metadata": row["metadata"],
        "authorization": known,
        "source": {**shown["source"], "entry_point": "transaction_initialize"},
    }


def charged(state: State, row: Obj) -> Obj:
    """A transaction, as the answer of a charge shows it, with what is asked for next."""
    shown = transaction(state, row)
    shown["metadata"] = {"custom_fields": [], **(row["metadata"] or {})}
    return {**shown, **_asked(row)}


def step(state: State, row: Obj) -> Obj:
    """How a charge stands, after each of its steps."""
    shown = charged(state, row)
    return {**shown, "redirect_url": None}


def _asked(row: Obj) -> Obj:
    if row["step"] is None:
        return {}
    return {"status": row["step"], "display_text": row["gateway_response"]}


def charge_authorization(shown: Obj) -> Obj:
    """The answer of charging a known card, whose metadata is text."""
    return {**shown, "metadata": ""}


def refund(state: State, row: Obj) -> Obj:
    """A refund."""
    paid = state.table("transaction")[row["transaction"]]
    payer: Obj = {**customer(state, paid["customer"]), "metadata": ""}
    return {
        "integration": INTEGRATION,
        "transaction": paid["number"],
        "dispute": None,
        "settlement": None,
        "id": row["number"],
        "domain": DOMAIN,
        "currency": paid["currency"],
        "amount": row["amount"],
        "status": row["status"],
        "refunded_at": stamp(row["settled"]),
        "refunded_by": "sandbox@example.com",
        "customer_note": row["customer_note"],
        "merchant_note": row["merchant_note"],
        "deducted_amount": row["amount"],
        "fully_deducted": 1,
        "createdAt": stamp(row["created"]),
        "bank_reference": None,
        "transaction_reference": paid["id"],
        "reason": "",
        "customer": payer,
        "refund_type": "partial" if row["amount"] < paid["amount"] else "full",
        "transaction_amount": paid["amount"],
        "initiated_by": "sandbox@example.com",
        "refund_channel": paid["channel"],
        "session_id": None,
        "collect_account_number": False,
    }


def new_refund(state: State, row: Obj) -> Obj:
    """A refund, as the answer that makes it shows it."""
    paid = state.table("transaction")[row["transaction"]]
    return {
        "transaction": {
            **fetched(state, paid),
            "authorization": {"exp_month": None, "exp_year": None, "account_name": None},
            "customer": {"international_format_phone": None},
            "subaccount": {"currency": None},
            "source": None,
        },
        "integration": INTEGRATION,
        "deducted_amount": row["amount"],
        "channel": None,
        "merchant_note": row["merchant_note"],
        "customer_note": row["customer_note"],
        "status": row["status"],
        "refunded_by": "sandbox@example.com",
        "expected_at": stamp(row["created"] + 86_400),
        "currency": paid["currency"],
        "domain": DOMAIN,
        "amount": row["amount"],
        "fully_deducted": True,
        "id": row["number"],
        "createdAt": stamp(row["created"]),
        "updatedAt": stamp(row["settled"] or row["created"]),
    }


def refund_event(state: State, row: Obj) -> Obj:
    """What a refund's webhook tells: no id, only the transaction's reference."""
    paid = state.table("transaction")[row["transaction"]]
    payer = customer(state, paid["customer"])
    return {
        "status": row["status"],
        "transaction_reference": paid["id"],
        "refund_reference": str(row["number"]) if row["status"] == "processed" else None,
        "amount": str(row["amount"]),
        "currency": paid["currency"],
        "processor": "sandbox",
        "customer": {name: payer[name] for name in ("first_name", "last_name", "email")},
        "integration": INTEGRATION,
        "domain": DOMAIN,
    }


def recipient(row: Obj) -> Obj:
    """Where transfers go."""
    return {
        "active": not row["deleted"],
        "createdAt": stamp(row["created"]),
        "currency": row["currency"],
        "description": row["description"],
        "domain": DOMAIN,
        "email": row["email"],
        "id": row["number"],
        "integration": INTEGRATION,
        "metadata": row["metadata"],
        "name": row["name"],
        "recipient_code": row["id"],
        "type": row["type"],
        "updatedAt": stamp(row["created"]),
        "is_deleted": row["deleted"],
        "isDeleted": row["deleted"],
        "recipient_account": row["account_number"],
        "institution_code": row["bank_code"],
        "details": {
            "authorization_code": None,
            "account_number": row["account_number"],
            "account_name": row["name"],
            "bank_code": row["bank_code"],
            "bank_name": row["bank_name"],
        },
    }


def new_transfer(state: State, row: Obj) -> Obj:
    """A transfer, as the answer that makes it shows it."""
    to = state.table("recipient")[row["recipient"]]
    return {
        "transfersessionid": [],
        "transfertrials": [],
        **_transfer(row),
        "recipient": to["number"],
    }


def transfer(state: State, row: Obj) -> Obj:
    """A transfer."""
    return {
        **_transfer(row),
        "recipient": recipient(state.table("recipient")[row["recipient"]]),
        "session": {"provider": None, "id": None},
        "fee_charged": row["fee"],
        "fees_breakdown": None,
        "gateway_response": row["failure"],
    }


def _transfer(row: Obj) -> dict[str, Any]:
    return {
        "amount": row["amount"],
        "createdAt": stamp(row["created"]),
        "currency": row["currency"],
        "domain": DOMAIN,
        "failures": None,
        "id": row["number"],
        "integration": INTEGRATION,
        "reason": row["reason"],
        "reference": row["id"],
        "source": "balance",
        "source_details": None,
        "status": row["status"],
        "titan_code": None,
        "transfer_code": row["transfer_code"],
        "request": row["number"],
        "transferred_at": stamp(row["settled"]),
        "updatedAt": stamp(row["settled"] or row["created"]),
    }


def balance_line(row: Obj) -> Obj:
    """A line of the balance's ledger."""
    return {
        "integration": INTEGRATION,
        "domain": DOMAIN,
        "balance": row["balance"],
        "currency": row["currency"],
        "difference": row["difference"],
        "reason": f"{row['model'].capitalize()} {row['model_row']}",
        "model_responsible": row["model"],
        "model_row": row["model_row"],
        "id": row["number"],
        "createdAt": stamp(row["created"]),
        "updatedAt": stamp(row["created"]),
    }


def dispute(state: State, row: Obj) -> Obj:
    """A guest's bank that wants money back."""
    paid = state.table("transaction")[row["transaction"]]
    shown, opened = fetched(state, paid), stamp(row["created"])
    return {
        "id": row["number"],
        "refund_amount": row["amount"],
        "currency": paid["currency"],
        "status": row["status"],
        "resolution": row["resolution"],
        "domain": DOMAIN,
        "transaction": {**shown, "customer": {"international_format_phone": None}},
        "transaction_reference": paid["id"],
        "category": "chargeback",
        "customer": customer(state, paid["customer"]),
        "bin": shown["authorization"]["bin"],
        "last4": shown["authorization"]["last4"],
        "dueAt": stamp(row["created"] + 7 * 86_400),
        "resolvedAt": stamp(row["resolved"]),
        "evidence": None,
        "attachments": None,
        "note": None,
        "history": [{"status": "pending", "by": "bank@example.com", "createdAt": opened}],
        "messages": [
            {"sender": "bank@example.com", "body": row["reason"], "createdAt": opened},
        ],
        "createdAt": opened,
        "updatedAt": stamp(row["resolved"] or row["created"]),
    }
