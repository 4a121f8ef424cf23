"""What people say about themselves: which of it can be true."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any
from zoneinfo import available_timezones

import msgspec
import phonenumbers
from babel import Locale
from msgspec import UNSET, UnsetType

from app.errors import Invalid
from app.identity.rules import clean_name
from app.money import require_currency
from app.text import plain_text

MAX_BIO = 2_000
MAX_LANGUAGES = 20
MAX_PHONE = 40


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be changed; UNSET stays as it is, and None takes away."""

    first_name: str | UnsetType = UNSET
    last_name: str | UnsetType = UNSET
    bio: str | UnsetType = UNSET
    languages: tuple[str, ...] | UnsetType = UNSET
    timezone: str | UnsetType | None = UNSET
    currency: str | UnsetType | None = UNSET
    phone: str | UnsetType | None = UNSET


def cleaned(changes: Changes) -> Mapping[str, Any]:
    """The columns to set, tidied. Raises Invalid for the first that cannot be."""
    return {
        name: CLEANERS[name](value)
        for name, value in msgspec.structs.asdict(changes).items()
        if value is not UNSET
    }


def clean_languages(tags: Iterable[str]) -> list[str]:
    """ISO 639 codes, each once, in the order given. Raises Invalid."""
    found = list(dict.fromkeys(tag.strip().lower() for tag in tags))
    if len(found) > MAX_LANGUAGES:
        raise Invalid(f"At most {MAX_LANGUAGES} languages can be named.", field="languages")
    if not set(found) <= _languages():
        raise Invalid("Expected ISO 639 codes of languages: en, pt.", field="languages")
    return found


def clean_phone(text: str) -> str:
    """A number that can be dialled from everywhere, in E.164. Raises Invalid."""
    try:
        if len(text) > MAX_PHONE:
            raise Invalid("This is too long for a phone number.", field="phone")
        number = phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException as error:
        raise Invalid(
            "Expected a phone number with its country code: +351 912 345 678.", field="phone"
        ) from error
    if not phonenumbers.is_valid_number(number) or number.extension:
        raise Invalid("There is no such phone number.", field="phone")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def clean_timezone(name: str | None) -> str | None:
    """A zone of the IANA database. Raises Invalid."""
    if name is not None and name not in available_timezones():
        raise Invalid("Expected a time zone of the IANA database: Europe/Lisbon.", field="timezone")
    return name


@cache
def _languages() -> frozenset[str]:
    """Those that CLDR has a name for, without regional variants."""
    return frozenset(code for code in map(str, Locale("en").languages) if code.isalpha())


CLEANERS: Mapping[str, Any] = {
    "first_name": lambda text: clean_name(text, "firstName"),
    "last_name": lambda text: clean_name(text, "lastName"),
    "bio": lambda text: plain_text(text, "bio", 0, MAX_BIO),
    "languages": clean_languages,
    "timezone": clean_timezone,
    "currency": lambda code: None if code is None else require_currency(code),
    "phone": lambda text: None if text is None else clean_phone(text),
}
