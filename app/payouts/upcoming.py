"""What a host is going to be paid, when, and why not yet. The release asks the same rules."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Result, Row, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.ledger import queries as books
from app.money import Money
from app.payments.disputes import is_disputed
from app.payments.provider import Onboarding, Provider, Providers
from app.payments.rules import CLOSED
from app.payouts import dues, rules
from app.payouts.advice import HOLDS, Advice
from app.payouts.rules import Hold, Owed, PayoutTerms
from db.enums import PaymentProvider, PayoutAccountStatus, PayoutStatus
from db.models import Booking, Payment, Payout, PayoutAccount
from db.session import Database

# More than anybody looks at; the sums are of all.
MOST = 100
_STATUSES = {
    PayoutAccountStatus.PENDING: Hold.ACCOUNT_INCOMPLETE,
    PayoutAccountStatus.RESTRICTED: Hold.ACCOUNT_RESTRICTED,
}


class UpcomingItem(msgspec.Struct, frozen=True):
    """What a booking, or a month of it, is going to bring; negative: what is owed for it."""

    booking_id: UUID
    amount: Money
    due_at: datetime
    # A bank has still to decide about the guest's money: until then it is not sent.
    is_disputed: bool


class Upcoming(msgspec.Struct, frozen=True, kw_only=True):
    """What one provider is going to send a host in one currency."""

    provider: PaymentProvider
    currency: str
    # What has come due and was not sent; negative: owed by the host.
    due: Money
    # All that the host has earned and was not paid, due or not.
    outstanding: Money
    minimum: Money
    hold: Hold | None
    # When the next transfer goes if nothing happens before; None: not by itself.
    expected_at: datetime | None
    # The next MOST, soonest first.
    items: list[UpcomingItem]

    @property
    def advice(self) -> Advice | None:
        return None if self.hold is None else HOLDS[self.hold]


class _Till(msgspec.Struct, frozen=True, kw_only=True):
    """All that decides about one currency and provider of a host."""

    currency: str
    provider: PaymentProvider
    stays: Sequence[Row[Any]]
    owed: Mapping[UUID, Owed]
    # Why they cannot be paid there at all.
    blocked: Hold | None
    # When what failed is tried again.
    retry_at: datetime | None
    first_stay_over: datetime | None
    terms: PayoutTerms
    now: datetime

    def upcoming(self) -> Upcoming:
        """What is going to be sent of it."""
        free = {row.id: dues.stay_terms(row) for row in self.stays if not row.is_disputed}
        due = {row.id: row.payout_due_at for row in self.stays if row.payout_due_at <= self.now}
        owed = {key: self.owed[key] for key in free}
        sent = rules.to_pay(free, due, owed, self.terms.delay, self.now)
        since = min((due[key] for key in sent if key in due), default=None)
        hold = self._hold(sent, since)
        coming = sorted(self._items(), key=lambda item: item.due_at)
        following = next((item.due_at for item in coming if item.due_at > self.now), None)
        expected = self._expected(hold, since, following)
        if hold is None:
            expected = self.now if sent else following
        total = sum(self.owed[row.id].outstanding for row in self.stays)
        return Upcoming(
            provider=self.provider,
            currency=self.currency,
            due=Money(sum(sent.values()), self.currency),
            outstanding=Money(total, self.currency),
            minimum=Money(self.terms.minimums.get(self.currency, 0), self.currency),
            hold=hold,
            expected_at=expected,
            items=coming[:MOST],
        )

    def _hold(self, sent: Mapping[UUID, int], since: datetime | None) -> Hold | None:
        if self.blocked is not None or not sent:
            return self.blocked
        first_over, terms = self.first_stay_over, self.terms
        hold = rules.hold(sent, self.currency, since, first_over, terms, self.now)
        return Hold.REFUSED if hold is None and self.retry_at is not None else hold

    def _expected(
        self, hold: Hold | None, since: datetime | None, following: datetime | None
    ) -> datetime | None:
        """When something changes by itself."""
        if hold is Hold.REFUSED:
            return self.retry_at
        if hold is Hold.NEW_HOST and self.first_stay_over is not None:
            return self.first_stay_over + self.terms.new_host
        if hold is Hold.BELOW_MINIMUM and since is not None:
            carried = since + self.terms.carry
            return carried if following is None else min(carried, following)
        return None

    def _items(self) -> list[UpcomingItem]:
        return [
            UpcomingItem(row.id, Money(amount, self.currency), due_at, row.is_disputed)
            for row in self.stays
            for due_at, amount in rules.plan(
                dues.stay_terms(row),
                self.owed[row.id],
                row.payout_due_at,
                self.terms.delay,
                self.now,
            )
        ]


async def upcoming(
    db: Database, providers: Providers, terms: PayoutTerms, host_id: UUID, now: datetime
) -> list[Upcoming]:
    """What a host is going to be paid, by currency and provider."""
    async with db.read() as connection:
        tills = await _stays(connection, host_id)
        owed: dict[UUID, Owed] = {}
        for currency in sorted({currency for currency, _ in tills}):
            ids = [row.id for (of, _), found in tills.items() if of == currency for row in found]
            earned = await books.earned(connection, host_id, currency, ids)
            owed |= {key: Owed(*each) for key, each in earned.items()}
        accounts = await _accounts(connection, host_id)
        retries = await _retries(connection, host_id, now)
        first_over = await dues.first_stay_over(connection, host_id)
    open_ones = {
        key: [row for row in found if row.id in owed] for key, found in sorted(tills.items())
    }
    return [
        _Till(
            currency=currency,
            provider=provider,
            stays=stays,
            owed=owed,
            blocked=_blocked(accounts, providers[provider], currency),
            retry_at=retries.get((currency, provider)),
            first_stay_over=first_over,
            terms=terms,
            now=now,
        ).upcoming()
        for (currency, provider), stays in open_ones.items()
        if stays
    ]


async def _stays(
    connection: AsyncConnection, host_id: UUID
) -> Mapping[tuple[str, PaymentProvider], list[Row[Any]]]:
    """The bookings of which something may still be paid out, by currency and provider."""
    rows: Result[Any] = await connection.execute(
        select(
            Booking.id,
            Booking.currency,
            Payment.provider,
            Booking.payout_due_at,
            is_disputed(Booking).label("is_disputed"),
            *dues.STAY,
        )
        .join(Payment, Payment.booking_id == Booking.id)
        .where(
            Booking.host_id == host_id,
            Booking.payout_due_at.is_not(None),
            Payment.status.not_in(CLOSED),
        )
        .distinct()
        .order_by(Booking.payout_due_at, Booking.id)
    )
    found: defaultdict[tuple[str, PaymentProvider], list[Row[Any]]] = defaultdict(list)
    for row in rows.all():
        found[row.currency, PaymentProvider(row.provider)].append(row)
    return found


async def _accounts(
    connection: AsyncConnection, host_id: UUID
) -> Mapping[tuple[str | None, PaymentProvider], PayoutAccountStatus]:
    rows = await connection.execute(
        select(PayoutAccount.currency, PayoutAccount.provider, PayoutAccount.status).where(
            PayoutAccount.user_id == host_id
        )
    )
    return {
        (currency, PaymentProvider(provider)): PayoutAccountStatus(status)
        for currency, provider, status in rows
    }


def _blocked(
    accounts: Mapping[tuple[str | None, PaymentProvider], PayoutAccountStatus],
    provider: Provider,
    currency: str,
) -> Hold | None:
    """Why the host cannot be paid by this provider in this currency; None: they can."""
    keys = ((currency, provider.name), (None, provider.name))
    statuses = [accounts[key] for key in keys if key in accounts]
    if PayoutAccountStatus.ACTIVE in statuses:
        return None
    if statuses:
        return _STATUSES[statuses[0]]
    return Hold.ACCOUNT_INCOMPLETE if isinstance(provider, Onboarding) else Hold.NO_ACCOUNT


async def _retries(
    connection: AsyncConnection, host_id: UUID, now: datetime
) -> Mapping[tuple[str, PaymentProvider], datetime]:
    """When failed payouts are tried again, by currency and provider."""
    rows = await connection.execute(
        select(Payout.currency, Payout.provider, func.max(Payout.next_attempt_at))
        .where(
            Payout.host_id == host_id,
            Payout.status == PayoutStatus.FAILED,
            Payout.next_attempt_at > now,
        )
        .group_by(Payout.currency, Payout.provider)
    )
    return {(currency, PaymentProvider(name)): at for currency, name, at in rows if at}
