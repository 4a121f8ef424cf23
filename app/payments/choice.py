"""Which provider takes which money: by the property's currency and the guest's choice.

A further provider is a module that implements app.payments.provider.Provider, its rows here, and
its line in app.runtime. Hosts are paid by the provider that took the money.
"""

from collections.abc import Collection

import msgspec

from app.config import Settings
from db.enums import PaymentMethod, PaymentProvider


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider takes. `currencies` None: all that no other row has."""

    provider: PaymentProvider
    method: PaymentMethod
    currencies: frozenset[str] | None
    # Money can be held before it is taken; otherwise a request is paid after it is accepted.
    can_authorize: bool


# The first row that fits decides. Paystack's currencies are those of its published description.
OFFERS = (
    Offer(
        provider=PaymentProvider.PAYSTACK,
        method=PaymentMethod.MOBILE_MONEY,
        currencies=frozenset({"GHS", "KES"}),
        can_authorize=False,
    ),
    Offer(
        provider=PaymentProvider.PAYSTACK,
        method=PaymentMethod.CARD,
        currencies=frozenset({"GHS", "KES", "NGN", "ZAR"}),
        can_authorize=False,
    ),
    Offer(
        provider=PaymentProvider.STRIPE,
        method=PaymentMethod.CARD,
        currencies=None,
        can_authorize=True,
    ),
)


def configured(settings: Settings) -> frozenset[PaymentProvider]:
    """The providers whose keys we have."""
    paystack = {PaymentProvider.PAYSTACK} if settings.paystack_secret_key else set()
    return frozenset({PaymentProvider.STRIPE, *paystack})


def choose(
    providers: Collection[PaymentProvider], method: PaymentMethod, currency: str
) -> Offer | None:
    """Who takes a payment; None: nobody does."""
    for offer in OFFERS:
        if (
            offer.provider in providers
            and offer.method is method
            and (offer.currencies is None or currency in offer.currencies)
        ):
            return offer
    return None


def pays_hosts_in(providers: Collection[PaymentProvider], currency: str) -> PaymentProvider:
    """Who pays hosts what guests pay in a currency today: all its methods are with one provider."""
    taken = (choose(providers, method, currency) for method in PaymentMethod)
    return next(offer.provider for offer in taken if offer is not None)


def methods(providers: Collection[PaymentProvider], currency: str) -> list[PaymentMethod]:
    """How a guest can pay in a currency, in the order of the enumeration."""
    return [method for method in PaymentMethod if choose(providers, method, currency) is not None]
