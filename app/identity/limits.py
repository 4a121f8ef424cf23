"""How often what can be guessed may be tried, and how often we may be made to send mail.

A sign-in counts against what was typed, against the address it came from, against both together,
and against all there are. One that succeeds is given back, so only failures count.
"""

from app.limits import Limit, bucket, network

MINUTE = 60
QUARTER = 15 * MINUTE
HOUR = 60 * MINUTE


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


def mailed_code(address: str) -> list[Limit]:
    """Codes of mailed links: not to be guessed, and not worth the load of trying."""
    return [
        bucket("code:address", network(address), 60, QUARTER),
        bucket("code", "", 3_000, MINUTE),
    ]
