"""Where hosts are paid by a provider that asks us rather than them: a phone, or a bank account."""

import re
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app import clock
from app.errors import Invalid
from app.ids import new_id
from app.payments import choice
from app.payments.errors import PaymentUnavailable, ProviderRefused, ProviderUnavailable
from app.payments.provider import Institution, Providers, RecipientDetails, Recipients
from app.payouts import accounts, dues
from app.properties.service import require_host
from app.text import plain_text
from db.enums import PayoutAccountKind
from db.models import PayoutAccount
from db.session import Database

NAME_LENGTH = 100
_ACCOUNT = re.compile(r"\+?[0-9]{8,20}")


def _recipients(providers: Providers, currency: str) -> Recipients | None:
    """Who pays hosts in a currency by recipient; None: they have an account at the provider."""
    name = choice.pays_hosts_in(providers, currency)
    provider = providers[name]
    return provider if isinstance(provider, Recipients) else None


async def institutions(
    providers: Providers, currency: str, kind: PayoutAccountKind
) -> list[Institution]:
    """The banks or telcos that a host can name in a currency; none where they cannot.

    Raises PaymentUnavailable when the provider does not answer.
    """
    provider = _recipients(providers, currency)
    if provider is None:
        return []
    try:
        return await provider.institutions(currency, kind)
    except ProviderUnavailable as error:
        raise PaymentUnavailable from error


async def set_recipient(
    db: Database, providers: Providers, user_id: UUID, details: RecipientDetails
) -> UUID:
    """Pay a host there from now on, in this currency; returns the id of their account.

    Raises:
        HostRequired: they let nothing.
        AccountSuspended: they are not to be paid elsewhere than before.
        Invalid: nobody is paid so in this currency, or the provider does not know the account.
        PaymentUnavailable: the provider does not answer; asking again is safe.
    """
    async with db.read() as connection:
        await require_host(connection, user_id)
    plain_text(details.name, "accountName", 1, NAME_LENGTH)
    if not _ACCOUNT.fullmatch(details.account_number):
        raise Invalid("Expected 8 to 20 digits.", field="accountNumber")
    provider = _recipients(providers, details.currency)
    if provider is None:
        raise Invalid(
            f"Earnings in {details.currency} are sent to an account at the payment provider.",
            field="currency",
        )
    try:
        made = await provider.create_recipient(user_id, details)
    except ProviderUnavailable as error:
        raise PaymentUnavailable from error
    except ProviderRefused as error:
        raise Invalid(
            "The payment provider does not know this account.", field="accountNumber"
        ) from error
    now = clock.now()
    values = {
        "provider_account_id": made.provider_id,
        "label": made.label,
        "updated_at": now,
        **accounts.told(made),
    }

    async def keep(session: AsyncSession) -> UUID | None:
        account_id: UUID | None = await session.scalar(
            insert(PayoutAccount)
            .values(
                id=new_id(),
                user_id=user_id,
                provider=provider.name,
                currency=details.currency,
                created_at=now,
                **values,
            )
            .on_conflict_do_update(index_elements=["user_id", "provider", "currency"], set_=values)
            .returning(PayoutAccount.id)
        )
        # What the old one could not take is tried again at once.
        await dues.resume(session, user_id, provider.name, details.currency, now)
        return account_id

    account_id = await db.run(keep)
    assert account_id is not None
    return account_id
