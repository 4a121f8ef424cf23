"""How often what can be guessed may be tried, and how often we may be made to send mail.

A sign-in counts against what was typed, against the address it came from, against both together,
and against all there are. One that succeeds is given back, so only failures count.
"""

from uuid import UUID

from app.limits import Limit, bucket, network

MINUTE = 60
QUARTER = 15 * MINUTE
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def sign_in(login: str, address: str) -> list[Limit]:
    """Guesses of a password. The same for an unknown login, which is thus none the wiser.

    An account can be tried by two logins and, signed in, by its id: 3 × 25 an hour in all, from
    however many addresses. One address has 50 guesses, at however many accounts; a guess by
    e-mail address looks at two passwords.
    """
    name, source = login.strip().casefold(), network(address)
    return [
        bucket("sign-in:login-address", f"{name}\n{source}", 10, QUARTER),
        bucket("sign-in:login", name, 25, HOUR),
        bucket("sign-in:address", source, 50, QUARTER),
        bucket("sign-in", "", 3_000, MINUTE),
    ]


def registration(address: str) -> list[Limit]:
    """New accounts, each of which hashes a password and sends a mail."""
    return [
        bucket("register:address", network(address), 50, HOUR),
        bucket("register", "", 600, MINUTE),
    ]


def mail(recipient: str, address: str) -> list[Limit]:
    """Mails to an address that anybody can ask for by naming it."""
    return [
        bucket("mail:recipient", recipient.casefold(), 5, HOUR),
        bucket("mail:address", network(address), 30, HOUR),
        bucket("mail", "", 600, MINUTE),
    ]


def picture(account: str, address: str) -> list[Limit]:
    """Pictures to be decoded, each of which keeps a core busy for a moment."""
    return [
        bucket("picture:account", account, 20, HOUR),
        bucket("picture:address", network(address), 60, HOUR),
        bucket("picture", "", 120, MINUTE),
    ]


def mailed_code(address: str) -> list[Limit]:
    """Codes of mailed links: not to be guessed, and not worth the load of trying."""
    return [
        bucket("code:address", network(address), 60, QUARTER),
        bucket("code", "", 3_000, MINUTE),
    ]


def download(address: str) -> list[Limit]:
    """Files by signed addresses: some of them take a processor's time to make."""
    return [
        bucket("download:address", network(address), 200, QUARTER),
        bucket("download", "", 600, MINUTE),
    ]


def oidc(address: str) -> list[Limit]:
    """Steps of signing in through a provider, each of which takes three."""
    return [
        bucket("oidc:address", network(address), 240, QUARTER),
        bucket("oidc", "", 6_000, MINUTE),
    ]


def totp(user_id: UUID, address: str) -> list[Limit]:
    """Guesses of an authenticator app's code, by somebody who has the password already.

    Three codes in a million are right at any time: 40 guesses a day are one chance in 8,000, and
    one in 23 in a year. Not by challenge, of which there are as many as one likes.
    """
    return [
        bucket("totp:account-address", f"{user_id}\n{network(address)}", 10, QUARTER),
        bucket("totp:account", str(user_id), 40, DAY),
        *_factor(address),
    ]


def unguessable(user_id: UUID, address: str) -> list[Limit]:
    """Recovery codes and passkeys: apart from guesses of an app's codes, whose limit somebody
    else may have used up."""
    return [
        bucket("factor:account-address", f"{user_id}\n{network(address)}", 20, QUARTER),
        bucket("factor:account", str(user_id), 100, HOUR),
        *_factor(address),
    ]


def challenge(address: str) -> list[Limit]:
    """Passkey challenges for nobody in particular, each of which is kept for minutes."""
    return [
        bucket("challenge:address", network(address), 60, QUARTER),
        bucket("challenge", "", 3_000, MINUTE),
    ]


def _factor(address: str) -> list[Limit]:
    return [
        bucket("factor:address", network(address), 50, QUARTER),
        bucket("factor", "", 3_000, MINUTE),
    ]
