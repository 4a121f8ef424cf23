"""Payments, payouts and the books. The books are kept: tax law wants them for years."""

from sqlalchemy import String, and_, cast, func, or_, select

from app.privacy.declaring import PERSON, held, part
from db.models import (
    Difference,
    Dispute,
    ExchangeRate,
    JournalEntry,
    LedgerAccount,
    LedgerTax,
    Payment,
    Payout,
    PayoutAccount,
    PayoutItem,
    Posting,
    ProviderEvent,
    Reconciliation,
    Refund,
    Sighting,
)

BOOKS = "the books, and what they are compared by with the provider's"

own_payments = select(Payment.id).where(or_(Payment.guest_id == PERSON, Payment.host_id == PERSON))
_paid = select(Payment.id).where(Payment.guest_id == PERSON)
own_payouts = select(Payout.id).where(Payout.host_id == PERSON)
own_accounts = select(LedgerAccount.id).where(LedgerAccount.owner_id == PERSON)

# What a provider's message about the person names: the objects are known by these.
_named = or_(
    *(
        select(model.id)
        .where(
            mine,
            func.position(func.convert_to(cast(key, String), "UTF8").op("IN")(ProviderEvent.body))
            > 0,
        )
        .exists()
        for model, mine, key in (
            (Payment, Payment.guest_id == PERSON, Payment.id),
            (Payment, Payment.guest_id == PERSON, Payment.provider_payment_id),
            (Refund, Refund.payment_id.in_(_paid), Refund.provider_refund_id),
            (Dispute, Dispute.payment_id.in_(_paid), Dispute.provider_dispute_id),
            (Payout, Payout.host_id == PERSON, Payout.provider_transfer_id),
            (PayoutAccount, PayoutAccount.user_id == PERSON, PayoutAccount.provider_account_id),
        )
    )
)

_rates = "day currency minor_per_euro source fetched_at"

_walks = "id provider since until step cursor looked_at claimed_until started_at finished_at"
_sightings = "reconciliation_id subject object_id"
_differences = (
    "id provider subject kind key object_id currency ours theirs ours_minor theirs_minor"
    " first_seen_at last_seen_at resolved_at resolution released_at release_reason return_minor"
    " provider_refund_id claimed_until failure_code"
)

TABLES = (
    held(
        Reconciliation,
        hidden={"about nobody": _walks},
        kept={"about nobody": _walks},
    ),
    held(
        Sighting,
        hidden={"ids of rows that are exported themselves, for hours": _sightings},
        kept={"gone when the comparison is done": _sightings},
    ),
    held(
        Difference,
        hidden={"what the platform and its provider settle between them": _differences},
        kept={BOOKS: _differences},
    ),
    held(
        ExchangeRate,
        hidden={"about nobody": _rates},
        kept={"about nobody": _rates},
    ),
    # Before the accounts that its messages name.
    held(
        ProviderEvent,
        part(
            ProviderEvent,
            "providerEvents",
            and_(ProviderEvent.processed_at.is_(None), _named),
            "provider type received_at",
            deleted=True,
        ),
        hidden={
            "a provider's own words, which are gone once they are understood": "body",
            "the message": "id event_id processed_at",
        },
    ),
    held(
        Payment,
        part(
            Payment,
            "payments",
            Payment.guest_id == PERSON,
            "id booking_id alteration_id attempt provider provider_payment_id method status"
            " amount_minor currency line_items country region captured_minor refunded_minor"
            " manual_capture failure_code created_at updated_at authorized_at paid_at"
            " void_requested_at",
            erased={"client_secret": None, "redirect_url": None},
        ),
        part(
            Payment,
            "paymentsReceived",
            Payment.host_id == PERSON,
            "id booking_id alteration_id status currency host_minor platform_minor tax_minor"
            " promotion_minor"
            " paid_at",
        ),
        hidden={
            "the other side, of whom the export has the public name": "guest_id host_id",
            "lets whoever has it pay": "client_secret redirect_url",
        },
        kept={
            BOOKS: "id booking_id alteration_id attempt provider provider_payment_id method status"
            " amount_minor currency guest_id host_id host_minor platform_minor tax_minor"
            " promotion_minor line_items country region captured_minor refunded_minor"
            " manual_capture failure_code created_at updated_at authorized_at paid_at"
            " void_requested_at",
        },
    ),
    held(
        Refund,
        part(
            Refund,
            "refunds",
            Refund.payment_id.in_(own_payments),
            "id payment_id reason alteration_id status amount_minor host_minor platform_minor"
            " tax_minor promotion_minor line_items provider_refund_id failure_code created_at"
            " settled_at",
        ),
        hidden={"our own bookkeeping of who is at work": "claimed_until"},
        kept={
            BOOKS: "id payment_id reason alteration_id status amount_minor host_minor"
            " platform_minor tax_minor promotion_minor line_items provider_refund_id claimed_until"
            " failure_code created_at settled_at",
        },
    ),
    held(
        Dispute,
        part(
            Dispute,
            "disputes",
            Dispute.payment_id.in_(own_payments),
            "id payment_id provider provider_dispute_id status amount_minor currency"
            " withdrawn_minor reason evidence_due_at opened_at settled_at updated_at",
        ),
        kept={
            BOOKS: "id payment_id provider provider_dispute_id status amount_minor currency"
            " withdrawn_minor reason evidence_due_at opened_at settled_at updated_at",
        },
    ),
    held(
        PayoutAccount,
        part(
            PayoutAccount,
            "payoutAccounts",
            PayoutAccount.user_id == PERSON,
            "id provider provider_account_id currency label status requirements due_by"
            " disabled_reason created_at updated_at",
            deleted=True,
        ),
        hidden={"the person": "user_id"},
    ),
    held(
        PayoutItem,
        part(
            PayoutItem,
            "payoutItems",
            PayoutItem.payout_id.in_(own_payouts),
            "payout_id booking_id amount_minor",
        ),
        kept={BOOKS: "payout_id booking_id amount_minor"},
    ),
    held(
        Payout,
        part(
            Payout,
            "payouts",
            Payout.host_id == PERSON,
            "id provider currency amount_minor status attempts provider_transfer_id failure_code"
            " next_attempt_at created_at paid_at",
        ),
        hidden={"the person": "host_id"},
        kept={
            BOOKS: "id host_id provider currency amount_minor status attempts"
            " provider_transfer_id failure_code next_attempt_at created_at paid_at",
        },
    ),
    held(
        LedgerAccount,
        part(LedgerAccount, "ledgerAccounts", LedgerAccount.owner_id == PERSON, "id kind currency"),
        hidden={"the person": "owner_id", "the platform's accounts have it, nobody's": "provider"},
        kept={BOOKS: "id kind owner_id provider currency"},
    ),
    held(
        LedgerTax,
        hidden={"about nobody": "id country region name"},
        kept={"about nobody": "id country region name"},
    ),
    held(
        Posting,
        part(
            Posting,
            "ledgerPostings",
            Posting.account_id.in_(own_accounts),
            "id entry_id account_id booking_id amount_minor currency service_fee tax_id",
        ),
        kept={BOOKS: "id entry_id account_id booking_id amount_minor currency service_fee tax_id"},
    ),
    held(
        JournalEntry,
        part(
            JournalEntry,
            "ledgerEntries",
            JournalEntry.id.in_(
                select(Posting.entry_id).where(Posting.account_id.in_(own_accounts))
            ),
            "id kind source source_id occurred_at created_at",
        ),
        kept={BOOKS: "id kind source source_id occurred_at created_at"},
    ),
)
