"""The words of every letter about accounts and money. Those about stays are in stay_letters.

A letter is data: it is rendered to HTML and to text by the same template for all, so that the two
never say different things. Values are escaped there, not here.
"""

import msgspec

from app.notifications.facts import Person, SentPayout
from app.notifications.formats import count, money, plain


class Row(msgspec.Struct, frozen=True):
    """A line of a table, e.g. `Check-in`, `Tuesday 14 July 2026, 15:00`."""

    label: str
    value: str
    is_strong: bool = False


class Quote(msgspec.Struct, frozen=True):
    """What another person wrote."""

    author: str
    text: str


class Button(msgspec.Struct, frozen=True):
    """The one thing to do now."""

    label: str
    url: str


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """A letter to one person, before it is put on paper."""

    # Which letter it is, e.g. `booking_confirmed_guest`: part of its Message-ID.
    kind: str
    subject: str
    heading: str
    paragraphs: tuple[str, ...]
    details: tuple[Row, ...] = ()
    amounts: tuple[Row, ...] = ()
    quote: Quote | None = None
    button: Button | None = None
    # In small print, at the end.
    note: str = ""


class Links(msgspec.Struct, frozen=True):
    """Addresses of the web app; without one, letters have no buttons that lead there."""

    web_url: str | None = None

    def button(self, label: str, path: str) -> Button | None:
        """A button to a page of the web app, if there is one."""
        return Button(label, self.web_url.rstrip("/") + path) if self.web_url else None


def welcome(person: Person, links: Links) -> Letter:
    """To somebody who has just made an account."""
    return Letter(
        kind="welcome",
        subject="Welcome to Roost",
        heading=f"Welcome, {plain(person.first_name)}",
        paragraphs=(
            (
                "Your account is ready. Find a place to stay, see the whole price before you book, "
                "and cancel under terms that you know beforehand."
            ),
            "You have a place to share? Become a host from your account at any time.",
        ),
        button=links.button("Find a place", "/"),
        note="You get this e-mail because an account was made with this address. If that was not "
        "you, reply to it and we will remove the account.",
    )


def already_registered(person: Person, links: Links) -> Letter:
    """To an account's owner, when somebody registers with their address once more."""
    return Letter(
        kind="already_registered",
        subject="You already have a Roost account",
        heading=f"You already have an account, {plain(person.first_name)}",
        paragraphs=(
            (
                "Somebody, probably you, has tried to make a Roost account with this e-mail "
                "address. There is one already, so nothing was changed: just sign in."
            ),
            (
                "If it was not you, you need not do anything. Nobody was told that you have an "
                "account."
            ),
        ),
        button=links.button("Sign in", "/login"),
    )


def payout_sent(payout: SentPayout, links: Links) -> Letter:
    """To a host whose earnings are on their way."""
    amount = money(payout.amount_minor, payout.currency)
    return Letter(
        kind="payout_sent",
        subject=f"Your payout of {amount} is on its way",
        heading=f"{amount} is on its way to you",
        paragraphs=(
            (
                f"Hello {plain(payout.host.first_name)}, we have sent your earnings to your payout "
                "account. How long the rest takes is up to your bank: usually one to three working "
                "days."
            ),
        ),
        amounts=(
            Row("Bookings", count(payout.bookings, "booking")),
            Row("Payout", amount, is_strong=True),
        ),
        button=links.button("See your payouts", "/hosting/payouts"),
    )
