"""Hosts' accounts at the provider: opened once, completed by their owners there."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import structlog
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from app import clock
from app.errors import NotFound
from app.ids import new_id
from app.payments.errors import (
    PaymentUnavailable,
    ProviderRefused,
    ProviderUnavailable,
)
from app.payments.provider import Onboarding, Provider, ProviderAccount, Providers
from app.payments.sweeps import each
from app.payouts import dues
from app.properties.service import require_host
from db.enums import PaymentProvider, PayoutAccountStatus
from db.models import Booking, PayoutAccount, User
from db.rows import columns
from db.session import Database

log = structlog.get_logger(__name__)

ASK_AFTER = timedelta(hours=1)
BATCH = 100


class AccountRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A host's account as we have it; see db.models.PayoutAccount for the fields."""

    id: UUID
    user_id: UUID
    provider: PaymentProvider
    provider_account_id: str | None
    status: PayoutAccountStatus
    created_at: datetime
    updated_at: datetime


_COLUMNS = columns(PayoutAccount, AccountRecord)


async def open_account(
    db: Database,
    providers: Providers,
    user_id: UUID,
    provider: PaymentProvider = PaymentProvider.STRIPE,
) -> str:
    """Open a host's account, unless there is one; returns the provider's id of it.

    Raises PaymentUnavailable when the provider does not answer or refuses; asking again is safe.
    """
    now = clock.now()
    async with db.transaction() as session:
        await session.execute(
            insert(PayoutAccount)
            .values(id=new_id(), user_id=user_id, provider=provider, created_at=now, updated_at=now)
            .on_conflict_do_nothing(index_elements=["user_id", "provider", "currency"])
        )
        account = await _account(session, user_id, provider)
        email = await session.scalar(select(User.email).where(User.id == user_id))
    if account.provider_account_id is not None:
        return account.provider_account_id
    try:
        shown = await _ensure(_onboarding(providers, provider), account, str(email))
    except ProviderUnavailable as error:
        raise PaymentUnavailable from error
    except ProviderRefused as error:
        raise PaymentUnavailable(
            "The payment provider cannot open an account.", retryable=False
        ) from error
    async with db.transaction() as session:
        await session.execute(
            update(PayoutAccount)
            .where(PayoutAccount.id == account.id, PayoutAccount.provider_account_id.is_(None))
            .values(provider_account_id=shown.provider_id, updated_at=clock.now(), **told(shown))
        )
    return shown.provider_id


def told(shown: ProviderAccount) -> dict[str, Any]:
    """The columns that say how an account stands."""
    return {
        "status": shown.status,
        "requirements": msgspec.to_builtins(shown.requirements),
        "due_by": shown.due_by,
        "disabled_reason": shown.disabled_reason,
    }


def _onboarding(providers: Providers, name: PaymentProvider) -> Onboarding:
    provider = providers[name]
    assert isinstance(provider, Onboarding), f"{name} has no accounts for hosts to complete"
    return provider


async def _ensure(provider: Onboarding, account: AccountRecord, email: str) -> ProviderAccount:
    found = await provider.find_account(account.user_id, account.created_at)
    return found or await provider.create_account(
        account.user_id, email, key=f"account:{account.user_id}"
    )


async def account_link(
    db: Database, providers: Providers, user_id: UUID, *, return_url: str, refresh_url: str
) -> str:
    """Where a host completes their account: a URL for one use within minutes.

    Opens the account if need be. Raises HostRequired, AccountSuspended, and PaymentUnavailable
    as `open_account` does.
    """
    async with db.read() as connection:
        await require_host(connection, user_id)
    account_id = await open_account(db, providers, user_id)
    try:
        provider = _onboarding(providers, PaymentProvider.STRIPE)
        return await provider.account_link(account_id, return_url, refresh_url)
    except ProviderUnavailable as error:
        raise PaymentUnavailable from error
    except ProviderRefused as error:
        raise PaymentUnavailable(
            "The payment provider cannot show its page.", retryable=False
        ) from error


async def sync_account(
    db: Database, provider: Provider, provider_account_id: str
) -> PayoutAccountStatus | None:
    """Ask how an account stands, and keep it; None when it is not one of ours (yet).

    Raises ProviderUnavailable when the provider does not answer, or when somebody else has asked
    meanwhile: their answer may be newer than ours, so ask again.
    """
    this = (
        PayoutAccount.provider == provider.name,
        PayoutAccount.provider_account_id == provider_account_id,
    )
    async with db.read() as connection:
        before = (
            await connection.execute(
                select(PayoutAccount.updated_at, PayoutAccount.status).where(*this)
            )
        ).first()
    if before is None:
        return None
    shown = await provider.retrieve_account(provider_account_id)

    async def keep(session: AsyncSession) -> bool:
        now = clock.now()
        unchanged = PayoutAccount.updated_at == before.updated_at
        kept = await session.execute(
            update(PayoutAccount)
            .where(*this, unchanged | (PayoutAccount.status == shown.status))
            .values(updated_at=now, **told(shown))
            .returning(PayoutAccount.user_id, PayoutAccount.currency)
        )
        hosts = kept.all()
        if shown.status is PayoutAccountStatus.ACTIVE and before.status != shown.status:
            for user_id, currency in hosts:
                await dues.resume(session, user_id, provider.name, currency, now)
        return bool(hosts)

    if not await db.run(keep):
        raise ProviderUnavailable(f"{provider_account_id} has changed while we asked")
    return shown.status


async def ask_waiting(db: Database, providers: Providers, now: datetime) -> int:
    """Ask about accounts that cannot be paid to while money waits for them; returns how many.

    Only about those that nobody was heard about for a while: no webhook told of them.
    """
    waits = (
        select(Booking.id)
        .where(Booking.host_id == PayoutAccount.user_id, Booking.payout_due_at <= now)
        .exists()
    )
    async with db.read() as connection:
        rows = await connection.execute(
            select(PayoutAccount.provider, PayoutAccount.provider_account_id)
            .where(
                PayoutAccount.status != PayoutAccountStatus.ACTIVE,
                PayoutAccount.provider_account_id.is_not(None),
                PayoutAccount.updated_at < now - ASK_AFTER,
                waits,
            )
            .order_by(PayoutAccount.updated_at)
            .limit(BATCH)
        )
        waiting = [(PaymentProvider(name), str(account_id)) for name, account_id in rows]

    async def ask(account: tuple[PaymentProvider, str]) -> None:
        name, account_id = account
        await sync_account(db, providers[name], account_id)

    await each(waiting, ask)
    return len(waiting)


async def belongs_to_host(db: Database, provider: Provider, shown: ProviderAccount) -> bool:
    """Whether an account was opened for one of our hosts, known by its id or not."""
    if shown.user_id is None:
        return False
    async with db.read() as connection:
        found = await connection.scalar(
            select(PayoutAccount.id).where(
                PayoutAccount.user_id == shown.user_id, PayoutAccount.provider == provider.name
            )
        )
    return found is not None


async def _account(
    reader: AsyncConnection | AsyncSession, user_id: UUID, provider: PaymentProvider
) -> AccountRecord:
    row = (
        await reader.execute(
            select(*_COLUMNS).where(
                PayoutAccount.user_id == user_id,
                PayoutAccount.provider == provider,
                PayoutAccount.currency.is_(None),
            )
        )
    ).one_or_none()
    if row is None:
        raise NotFound("There is no payout account.")
    return msgspec.convert(row._asdict(), AccountRecord)
