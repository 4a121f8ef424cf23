"""Global ids: base64url of `Type:uuid`. Opaque to clients, typed to us."""

from base64 import urlsafe_b64decode
from binascii import b2a_base64
from uuid import UUID

import strawberry
from sqlalchemy import ColumnElement, Text, cast, func, literal_column

from app.errors import Invalid


def encode(kind: str, key: UUID) -> strawberry.ID:
    """The global id of an object of the type `kind`."""
    # Of ASCII letters, digits, ':' and '-' base64 makes neither '+' nor '/': it is url-safe as is.
    return strawberry.ID(b2a_base64(f"{kind}:{key}".encode(), newline=False).decode().rstrip("="))


def encoded(kind: str, key: ColumnElement[UUID]) -> ColumnElement[str]:
    """The same in SQL. Ids are shorter than what PostgreSQL would break into lines."""
    # Its constants are written out: a value for each would be sent along each time.
    named = func.convert_to(_constant(f"{kind}:") + cast(key, Text), _constant("UTF8"))
    return func.rtrim(func.encode(named, _constant("base64")), _constant("="), type_=Text)


def _constant(word: str) -> ColumnElement[str]:
    return literal_column(f"'{word}'", Text)


def decode(text: str) -> tuple[str, UUID] | None:
    """The type's name and key in a global id; None when it is not one of ours.

    Only what `encode` makes is accepted: one object has one id.
    """
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        kind, _, key = urlsafe_b64decode(padded).decode().partition(":")
        decoded = kind, UUID(key)
    except ValueError:
        return None
    return decoded if encode(*decoded) == text else None


def key_of(kind: str, text: str) -> UUID | None:
    """The key in a global id of the type `kind`; None when it is something else."""
    decoded = decode(text)
    return decoded[1] if decoded is not None and decoded[0] == kind else None


def require_key(kind: str, text: str, field: str) -> UUID:
    """The key in a global id of the type `kind`. Raises Invalid, naming the input `field`."""
    key = key_of(kind, text)
    if key is None:
        raise Invalid(f"This is not the id of a {kind}.", field=field)
    return key
