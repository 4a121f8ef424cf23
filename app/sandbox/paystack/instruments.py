"""What guests pay with: test cards as Paystack documents them, and phones of our own choosing.

paystack.com/docs/payments/test-payments
"""

import re

import msgspec


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """How one test card behaves."""

    number: str
    brand: str = "visa"
    # What it asks for, in this order.
    pin: str | None = None
    otp: str | None = None
    # The bank wants to see the payer on a page of its own (3-D Secure).
    bank: bool = False
    # Why it is refused after all that, in the words of `gateway_response`.
    failure: str | None = None
    reusable: bool = True

    @property
    def last4(self) -> str:
        return self.number[-4:]


CARDS = (
    Card(number="4084084084084081"),
    Card(number="507850785078507812", brand="verve", pin="1111", reusable=False),
    Card(number="5060666666666666666", brand="verve", pin="1234", otp="123456"),
    Card(number="4123450131001381", bank=True),
    Card(number="4084080000005408", failure="Declined"),
    Card(number="4084080000670037", failure="Insufficient Funds"),
)
BY_NUMBER = {card.number: card for card in CARDS}


class Phone(msgspec.Struct, frozen=True, kw_only=True):
    """How a phone behaves that is asked to approve a payment; known by the end of its number."""

    ending: str
    # The one-time password that its telco sends first.
    otp: str | None = None
    # None: a person approves or declines, on the sandbox's page. Otherwise by itself, soon.
    approves: bool | None = None
    failure: str = "Declined"
    # It never answers: the prompt runs out.
    silent: bool = False


OTP = "123456"
PHONES = (
    # Paystack's own test numbers: 055 123 4987 in Ghana, +254 710 000 000 in Kenya.
    Phone(ending="1234987", approves=True),
    Phone(ending="710000000", approves=True),
    Phone(ending="0000001", otp=OTP, approves=True),
    Phone(ending="0000002", approves=False),
    Phone(ending="0000003", approves=False, failure="Insufficient Funds"),
    Phone(ending="0000004", silent=True),
)
BY_HAND = Phone(ending="")
# How long the prompt on a phone waits, as on Paystack's page.
PROMPT_SECONDS = 180
_NUMBER = re.compile(r"\+?[0-9]{9,15}")


def phone(number: str) -> Phone | None:
    """How the phone with this number behaves; None: that is no number."""
    if not _NUMBER.fullmatch(number.replace(" ", "")):
        return None
    plain = number.replace(" ", "")
    return next((known for known in PHONES if plain.endswith(known.ending)), BY_HAND)
