"""The words of every letter about accounts and money. Those about stays are in stay_letters.

A letter is data: it is rendered to HTML and to text by the same template for all, so that the two
never say different things. Values are escaped there, not here.
"""

import msgspec

from app.money import printed
from app.notifications.facts import HostPayout, Person
from app.notifications.formats import count, plain
from db.enums import SignInEventKind as Kind


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
    # Where mails like this one are stopped: only of those that somebody can do without.
    unsubscribe_url: str | None = None


class Links(msgspec.Struct, frozen=True):
    """Addresses of the web app; without one, letters have no buttons that lead there."""

    web_url: str | None = None
    # Who has the few pages about accounts when there is no web app (app.http.pages).
    api_url: str | None = None

    def button(self, label: str, path: str) -> Button | None:
        """A button to a page of the web app, if there is one."""
        return Button(label, self.web_url.rstrip("/") + path) if self.web_url else None

    def account(self, label: str, path: str) -> Button | None:
        """A button to one of the pages about accounts."""
        url = self.web_url or self.api_url
        return Button(label, url.rstrip("/") + path) if url else None

    def follow(self, label: str, path: str, code: str) -> Button | None:
        """A button that takes a code along, where neither servers' logs nor referrers see it."""
        return self.account(label, f"{path}#token={code}")


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


def verify_email(person: Person, username: str, code: str, links: Links) -> Letter:
    """To an address that somebody made an account with."""
    return Letter(
        kind="verify_email",
        subject="Confirm your e-mail address",
        heading=f"Is this your address, {plain(person.first_name)}?",
        paragraphs=(
            "Confirm that this e-mail address is yours, and you can book and host on Roost.",
        ),
        details=_code(username, code),
        button=links.follow("Confirm my address", "/verify-email", code),
        note="This works once, within three days. If you have not made an account at Roost, do "
        "nothing: without your confirmation it cannot use your address.",
    )


def already_registered(person: Person, links: Links) -> Letter:
    """To an address's owner, when somebody wants to use it for another account."""
    return Letter(
        kind="already_registered",
        subject="You already have a Roost account",
        heading=f"You already have an account, {plain(person.first_name)}",
        paragraphs=(
            (
                "Somebody, probably you, has tried to use this e-mail address for another Roost "
                "account. There is one already, so nothing was changed: just sign in, or set a "
                "new password if you have forgotten yours."
            ),
            (
                "If it was not you, you need not do anything. Nobody was told that you have an "
                "account."
            ),
        ),
        button=links.button("Sign in", "/login"),
    )


def reset_password(person: Person, username: str, code: str, links: Links) -> Letter:
    """To somebody who has forgotten their password."""
    return Letter(
        kind="reset_password",
        subject="Set a new password",
        heading=f"A new password, {plain(person.first_name)}",
        paragraphs=(
            "Set a new password for your Roost account. You will be signed out elsewhere.",
        ),
        details=_code(username, code),
        button=links.follow("Set a new password", "/reset-password", code),
        note="This works once, within an hour. If it was not you who asked, do nothing: your "
        "password stays as it is.",
    )


def leave_email(person: Person, new_email: str, username: str, code: str, links: Links) -> Letter:
    """To the address that an account is about to leave."""
    return Letter(
        kind="leave_email",
        subject="Your account is moving to another e-mail address",
        heading=f"Is this what you want, {plain(person.first_name)}?",
        paragraphs=(
            (
                "You asked to move your Roost account from this address to "
                f"{plain(new_email, 254)}. Confirm it here, and in the mail that we sent there."
            ),
        ),
        details=_code(username, code),
        button=links.follow("Yes, move it", "/confirm-email-change", code),
        note="This works once, within a day. If it was not you, do nothing, and set a new "
        "password: somebody knows yours.",
    )


def take_email(person: Person, username: str, code: str, links: Links) -> Letter:
    """To the address that an account is to have."""
    return Letter(
        kind="take_email",
        subject="Confirm your new e-mail address",
        heading=f"Is this your new address, {plain(person.first_name)}?",
        paragraphs=("Confirm that your Roost account shall use this e-mail address from now on.",),
        details=_code(username, code),
        button=links.follow("Use this address", "/confirm-email-change", code),
        note="This works once, within a day. If you do not know what this is about, do nothing.",
    )


def password_changed(person: Person, links: Links) -> Letter:
    """To somebody whose password is another one now."""
    return Letter(
        kind="password_changed",
        subject="Your password was changed",
        heading=f"Your password was changed, {plain(person.first_name)}",
        paragraphs=("Your Roost account has a new password. Other devices were signed out.",),
        button=links.account("It was not me", "/forgot-password"),
        note="If it was not you, set a new password at once.",
    )


# What happened to somebody's second factors: subject, and what it means.
_FACTORS = {
    Kind.TOTP_ENABLED: (
        "Your authenticator app is on",
        "From now on, signing in to Roost asks for a code of your authenticator app.",
    ),
    Kind.TOTP_DISABLED: (
        "Your authenticator app is off",
        "Signing in to Roost does not ask for codes of your authenticator app any more.",
    ),
    Kind.PASSKEY_ADDED: (
        "A passkey was added",
        "Your Roost account has a new passkey. It signs you in without a password.",
    ),
    Kind.PASSKEY_REMOVED: (
        "A passkey was removed",
        "One of the passkeys of your Roost account signs nobody in any more.",
    ),
    Kind.PASSKEY_SUSPECTED: (
        "A passkey was refused",
        (
            "Somebody used a passkey of yours whose counter has gone back: there may be a copy of "
            "it. We refused it. Remove that passkey from your account unless you know why."
        ),
    ),
    Kind.RECOVERY_CODES_MADE: (
        "You have new recovery codes",
        "Your Roost account has new recovery codes. Those of before do not work any more.",
    ),
    Kind.RECOVERY_CODE_USED: (
        "A recovery code was used",
        "One of the recovery codes of your Roost account was used. It does not work again.",
    ),
}


def factors_changed(person: Person, kind: Kind, links: Links) -> Letter:
    """To somebody whose second factors are not what they were. Raises KeyError for others."""
    subject, meaning = _FACTORS[kind]
    return Letter(
        kind=kind.lower(),
        subject=subject,
        heading=f"{subject}, {plain(person.first_name)}",
        paragraphs=(meaning,),
        button=links.button("It was not me", "/forgot-password"),
        note="If it was not you, set a new password at once, and look through your devices.",
    )


def email_changed(person: Person, links: Links) -> Letter:
    """To the address that an account has left."""
    return Letter(
        kind="email_changed",
        subject="Your e-mail address was changed",
        heading=f"Your account has moved, {plain(person.first_name)}",
        paragraphs=(
            (
                "Your Roost account uses another e-mail address from now on. This is the last "
                "mail about it that you get here."
            ),
        ),
        note="Both addresses had confirmed it. If you did not, reply to this mail.",
    )


def identity_linked(person: Person, provider: str, links: Links) -> Letter:
    """To somebody whose account can be signed in to through a provider from now on."""
    name = plain(provider)
    return Letter(
        kind="identity_linked",
        subject=f"You can now sign in with {name}",
        heading=f"{name} was added, {plain(person.first_name)}",
        paragraphs=(f"From now on you can sign in to your Roost account with {name}.",),
        button=links.button("See how you sign in", "/account/security"),
        note=f"If it was not you, remove {name} from your account and set a new password.",
    )


def identity_unlinked(person: Person, provider: str, links: Links) -> Letter:
    """To somebody whose account can no longer be signed in to by one of its identities."""
    name = plain(provider)
    return Letter(
        kind="identity_unlinked",
        subject=f"You can no longer sign in with {name}",
        heading=f"{name} was removed, {plain(person.first_name)}",
        paragraphs=(
            (
                f"Your Roost account can no longer be signed in to with {name}. Other devices "
                "were signed out."
            ),
        ),
        button=links.button("See how you sign in", "/account/security"),
        note="If it was not you, set a new password at once.",
    )


def _code(username: str, code: str) -> tuple[Row, ...]:
    """For apps that ask for the code instead of opening a link."""
    return Row("Account", username), Row("Code", code)


def payout_sent(payout: HostPayout, links: Links) -> Letter:
    """To a host whose earnings are on their way."""
    amount = printed(payout.amount_minor, payout.currency)
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


def payout_failed(payout: HostPayout, advice: str, links: Links) -> Letter:
    """To a host whose account did not take their earnings, with what helps."""
    amount = printed(payout.amount_minor, payout.currency)
    return Letter(
        kind="payout_failed",
        subject=f"Your payout of {amount} did not reach you",
        heading=f"{amount} could not be sent to you",
        paragraphs=(f"Hello {plain(payout.host.first_name)}, {advice[0].lower()}{advice[1:]}",),
        amounts=(
            Row("Bookings", count(payout.bookings, "booking")),
            Row("Not sent", amount, is_strong=True),
        ),
        button=links.button("See your payouts", "/hosting/payouts"),
    )
