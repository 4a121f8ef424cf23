"""Where the demo's hosts are paid what guests pay by mobile money: phones, known to the sandbox."""

from collections.abc import Iterable

from app import clock
from app.config import Settings
from app.dev.seed.catalogue import Offer
from app.dev.seed.provider import ImportFailed
from app.dev.seed.rows import Rows
from app.ids import new_id
from app.payments import choice
from app.payments.errors import ProviderUnavailable
from app.payments.paystack import PaystackProvider
from app.payments.provider import RecipientDetails
from db.enums import PaymentMethod, PayoutAccountKind
from db.models import PayoutAccount

# One that Paystack's sandbox pays without trouble; the demo's hosts share it.
PHONE = "0244000100"
NAME = "Demo host"


async def add(rows: Rows, settings: Settings, offers: Iterable[Offer]) -> None:
    """A phone for every host with a home that can be paid by mobile money. Raises ImportFailed."""
    providers = choice.configured(settings)
    hosts = {
        (offer.home.host_id, offer.city.currency)
        for offer in offers
        if choice.choose(providers, PaymentMethod.MOBILE_MONEY, offer.city.currency)
    }
    paystack, now = PaystackProvider(settings), clock.now()
    try:
        for host_id, currency in sorted(hosts):
            (telco, *_) = await paystack.institutions(currency, PayoutAccountKind.MOBILE_MONEY)
            details = RecipientDetails(
                kind=PayoutAccountKind.MOBILE_MONEY,
                currency=currency,
                name=NAME,
                account_number=PHONE,
                institution=telco.code,
            )
            made = await paystack.create_recipient(host_id, details)
            rows.add(
                PayoutAccount,
                id=new_id(),
                user_id=host_id,
                provider=paystack.name,
                provider_account_id=made.provider_id,
                currency=currency,
                label=made.label,
                status=made.status,
                created_at=now,
                updated_at=now,
            )
    except ProviderUnavailable as error:
        raise ImportFailed(
            f"Paystack's sandbox at {settings.paystack_api_base} does not answer ({error}): start"
            " it with `app paystack-sandbox`, or unset PAYSTACK_API_BASE."
        ) from error
    finally:
        await paystack.close()
