"""The ledger of a made-up past, entry by entry as the product posts it (app.ledger.rules)."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

import msgspec

from app.dev.seed.ids import id_at, provider_id
from app.dev.seed.rows import Rows
from app.dev.seed.stays import Booked, Home
from app.ledger import rules
from app.ledger.rules import Entry, Owned, Shares, Tax
from app.line_items import LineItem
from app.money import divide
from db.enums import PaymentProvider, PayoutStatus
from db.models import JournalEntry, LedgerAccount, LedgerTax, Payout, PayoutItem, Posting


class Transfer(msgspec.Struct, frozen=True, kw_only=True):
    """A payout as the provider has it; `amount_minor` in the currency's minor units."""

    id: str
    payout_id: UUID
    host_id: UUID
    amount_minor: int
    currency: str
    at: datetime


PROVIDER = PaymentProvider.STRIPE


class Books:
    """Posts to accounts that it opens as they are needed."""

    def __init__(self, rows: Rows, random: Random, opened_at: datetime) -> None:
        self._rows = rows
        self._random = random
        self._opened_at = opened_at
        self._accounts: dict[tuple[Owned, str], UUID] = {}
        self._taxes: dict[Tax, UUID] = {}

    def take(self, booked: Booked) -> None:
        """Post a paid stay's capture and the provider's fee, and its refund if there was one."""
        if booked.paid_at is None:
            return
        price, host_id, paid_at = booked.quote, booked.home.host_id, booked.paid_at
        till = (PROVIDER, price.currency)
        shares = _shares(
            booked.home,
            price.line_items,
            Shares(
                host_minor=price.host_payout_minor,
                platform_minor=price.platform_minor,
                tax_minor=price.tax_minor,
            ),
        )
        ids = (booked.payment_id, booked.id)
        self._post(rules.capture(*ids, host_id, *till, shares), paid_at)
        fee = provider_fee(price.total_minor)
        self._post(rules.provider_fee(*ids, *till, fee), paid_at)
        if booked.refund:
            self._give_back(booked)

    def _give_back(self, booked: Booked) -> None:
        refund = booked.refund
        assert refund is not None
        guest_id, currency = booked.visit.guest_id, booked.quote.currency
        shares = _shares(
            booked.home,
            refund.share.line_items,
            Shares(
                host_minor=refund.share.host_minor,
                platform_minor=refund.share.platform_minor,
                tax_minor=refund.share.tax_minor,
            ),
        )
        host_id = booked.home.host_id
        self._post(
            rules.refund_due(refund.id, booked.id, guest_id, host_id, currency, shares), refund.at
        )
        self._post(
            rules.refund_sent(
                refund.id, booked.id, guest_id, PROVIDER, currency, shares.total_minor
            ),
            refund.at,
        )

    def pay_out(self, booked: Booked, at: datetime) -> Transfer:
        """Send the host what they are due for a stay, as a payout of its own."""
        random, amount = self._random, booked.host_keeps_minor
        host_id, currency = booked.home.host_id, booked.quote.currency
        sent_at = at + timedelta(seconds=random.randint(2, 9))
        transfer = Transfer(
            id=provider_id(random, "tr"),
            payout_id=id_at(random, at),
            host_id=host_id,
            amount_minor=amount,
            currency=currency,
            at=sent_at,
        )
        self._rows.add(
            Payout,
            id=transfer.payout_id,
            host_id=host_id,
            provider=PROVIDER,
            currency=currency,
            amount_minor=amount,
            status=PayoutStatus.PAID,
            attempts=1,
            provider_transfer_id=transfer.id,
            created_at=at,
            paid_at=sent_at,
        )
        self._rows.add(
            PayoutItem, payout_id=transfer.payout_id, booking_id=booked.id, amount_minor=amount
        )
        items = {booked.id: amount}
        self._post(rules.payout_reserved(transfer.payout_id, host_id, currency, items), at)
        self._post(rules.payout_sent(transfer.payout_id, PROVIDER, currency, amount), sent_at)
        return transfer

    def _post(self, entry: Entry, at: datetime) -> None:
        entry_id = id_at(self._random, at)
        self._rows.add(
            JournalEntry,
            id=entry_id,
            kind=entry.kind,
            source=entry.source,
            source_id=entry.source_id,
            occurred_at=at,
            created_at=at,
        )
        for line in entry.lines:
            self._rows.add(
                Posting,
                id=id_at(self._random, at),
                entry_id=entry_id,
                account_id=self._account(entry.owned(line), entry.currency),
                booking_id=line.booking_id,
                amount_minor=line.amount_minor,
                currency=entry.currency,
                service_fee=line.service_fee,
                tax_id=line.tax and self._tax(line.tax),
            )

    def _tax(self, tax: Tax) -> UUID:
        if tax not in self._taxes:
            self._taxes[tax] = id_at(self._random, self._opened_at)
            self._rows.add(LedgerTax, id=self._taxes[tax], **msgspec.structs.asdict(tax))
        return self._taxes[tax]

    def _account(self, owned: Owned, currency: str) -> UUID:
        key = (owned, currency)
        if key not in self._accounts:
            self._accounts[key] = id_at(self._random, self._opened_at)
            kind, owner_id, provider = owned
            self._rows.add(
                LedgerAccount,
                id=self._accounts[key],
                kind=kind,
                owner_id=owner_id,
                provider=provider,
                currency=currency,
            )
        return self._accounts[key]


def _shares(home: Home, line_items: Iterable[LineItem], parts: Shares) -> Shares:
    return rules.shares_of(line_items, home.country, home.region, parts)


def provider_fee(amount_minor: int) -> int:
    """What the payment sandbox keeps of a charge, in minor units: 2.9 % and 30, as Stripe does.

    The demo's books are compared with the sandbox's record by a test.
    """
    return divide(amount_minor * 29, 1000) + 30
