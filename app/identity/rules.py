"""What an account's data must look like. Pure: text in, clean text or a refusal out.

Passwords follow OWASP ASVS 5 and NIST SP 800-63B: long enough, not among the common ones, and
no rules about which characters they are composed of.
"""

import re
import unicodedata
from importlib.resources import files

from app.errors import Invalid

MIN_PASSWORD = 10
MAX_PASSWORD = 256
MAX_NAME = 100
MAX_LABEL = 60
MAX_EMAIL = 254
MAX_EMAIL_LOCAL = 64
MAX_LOGIN = 254
# The addresses of those who have gone: RFC 2606 promises that there is no such domain.
NOWHERE = "@deleted.invalid"

_USERNAME = re.compile(r"[A-Za-z0-9_.]{3,30}")
# The dot-atom of RFC 5322 and the host names of RFC 1123: what mail is really sent to. Quoted
# local parts and address literals are refused; international domains come as xn--….
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_EMAIL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+(?![0-9]+\Z){_LABEL}")

# A name goes into mails to addresses that are not confirmed yet: no room for links and markup.
_NOT_IN_NAMES = re.compile(r"[<>@:/\\\"{}\[\]]|www\.", re.IGNORECASE)

# What people write for letters in "P@ssw0rd".
_LEET = str.maketrans({"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a",
                       "$": "s", "!": "i"})  # fmt: skip
_KEYBOARD_RUNS = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "1q2w3e4r5t6y7u8i9o0p",
    "q1w2e3r4t5y6u7i8o9p0",
)
# Shortest stretch of the keyboard that counts as one.
_MIN_RUN = 6


def clean_email(text: str) -> str:
    """An e-mail address that looks deliverable. Raises Invalid."""
    email = text.strip()
    local = email.partition("@")[0]
    if (
        len(email) > MAX_EMAIL
        or len(local) > MAX_EMAIL_LOCAL
        or not _EMAIL.fullmatch(email)
        or len(email) - len(local) - 1 > 253
    ):
        raise Invalid("This is not an e-mail address.", field="email")
    return email


def clean_username(text: str) -> str:
    """A username: 3 to 30 of A–Z, a–z, 0–9, `_` and `.`. Raises Invalid."""
    if not _USERNAME.fullmatch(text):
        raise Invalid(
            "A username has 3 to 30 characters: letters A to Z, digits, '_' and '.'.",
            field="username",
        )
    return text


def clean_name(text: str, field: str) -> str:
    """A first or last name in any script, its spaces tidied, 1–100 characters. Raises Invalid."""
    if len(text) > 4 * MAX_NAME:
        raise Invalid(f"A name has at most {MAX_NAME} characters.", field=field)
    if any(unicodedata.category(letter) in {"Cc", "Cs", "Co", "Cn"} for letter in text):
        raise Invalid("A name cannot hold control characters.", field=field)
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not 1 <= len(name) <= MAX_NAME:
        raise Invalid(f"A name has 1 to {MAX_NAME} characters.", field=field)
    if _NOT_IN_NAMES.search(name):
        raise Invalid("A name cannot hold links or markup.", field=field)
    return name


def clean_label(text: str, field: str) -> str:
    """What somebody calls a thing of theirs, its spaces tidied, 1–60 characters. Raises Invalid."""
    if len(text) > 4 * MAX_LABEL or any(not letter.isprintable() for letter in text):
        raise Invalid(f"A name has at most {MAX_LABEL} printable characters.", field=field)
    label = " ".join(unicodedata.normalize("NFC", text).split())
    if not 1 <= len(label) <= MAX_LABEL:
        raise Invalid(f"A name has 1 to {MAX_LABEL} characters.", field=field)
    return label


def personal_words(username: str, email: str, first_name: str, last_name: str) -> tuple[str, ...]:
    """What somebody who knows the person tries first as a password."""
    return username, email, email.partition("@")[0], first_name, last_name


def check_password(password: str, *personal: str, field: str = "password") -> None:
    """Refuse what is guessed first: short, common, or made of the `personal` words.

    Raises Invalid. Whatever passes is used as it is: spaces, any script, up to 256 characters.
    """
    if len(password) < MIN_PASSWORD:
        raise Invalid(f"A password has at least {MIN_PASSWORD} characters.", field=field)
    if len(password) > MAX_PASSWORD:
        raise Invalid(f"A password has at most {MAX_PASSWORD} characters.", field=field)
    if is_common(password, *personal):
        raise Invalid(
            "This password is one of the first that are guessed. Choose another, such as a few"
            " unrelated words.",
            field=field,
        )


def is_common(password: str, *personal: str) -> bool:
    """Whether a password is a well-known one, a pattern, or a word with the usual trimmings."""
    plain = unicodedata.normalize("NFKC", password).casefold()
    words = COMMON | {word.casefold() for word in personal if len(word) >= 3}
    return bool(_cores(plain) & words) or _is_repetition(plain) or _is_keyboard_run(plain)


def clean_login(text: str) -> str | None:
    """What somebody signs in with, tidied; None when no account can have it."""
    login = text.strip()
    return login if _USERNAME.fullmatch(login) or is_email(login) else None


def is_email(text: str) -> bool:
    """Whether a login is an e-mail address rather than a username, which holds no `@`."""
    return "@" in text and len(text) <= MAX_EMAIL and _EMAIL.fullmatch(text) is not None


def _cores(plain: str) -> set[str]:
    """The word inside `!!Passw0rd2024!!`, in the ways it may be written."""
    trimmed = plain.strip("0123456789!?.,-_*#$@+ ")
    return {
        form
        for core in (plain, trimmed, plain.rstrip("0123456789!?.,-_*#$@+ "))
        for form in (core, core.translate(_LEET), re.sub(r"[\s_.-]", "", core))
    }


def _is_repetition(plain: str) -> bool:
    """`aaaaaaaaaa`, `abcabcabcabc`, `12341234123`: one short block, over and over."""
    return any(plain == (plain[:size] * len(plain))[: len(plain)] for size in range(1, 5))


def _is_keyboard_run(plain: str) -> bool:
    """`1234567890`, `qwertyuiop`, `qwerty123456`: nothing but stretches of the keyboard."""
    rest = plain
    while rest:
        length = _run_length(rest)
        if length < min(_MIN_RUN, len(plain)) and not (length == len(rest) and length >= 3):
            return False
        rest = rest[length:]
    return True


def _run_length(text: str) -> int:
    length = 0
    while length < len(text) and any(
        text[: length + 1] in run or text[: length + 1] in run[::-1] for run in _KEYBOARD_RUNS
    ):
        length += 1
    return length


COMMON: frozenset[str] = frozenset(
    files("app.identity").joinpath("common_passwords.txt").read_text("utf-8").split()
)
