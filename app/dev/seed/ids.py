"""Identifiers that come out the same for the same seed."""

import string
from datetime import datetime
from random import Random
from uuid import UUID

ALPHANUMERIC = string.ascii_letters + string.digits


def id_at(random: Random, instant: datetime) -> UUID:
    """A UUIDv7 of that instant, as app.ids would have made it then: lists are paged by id."""
    bits = random.getrandbits(74)
    return UUID(
        int=int(instant.timestamp() * 1000) << 80
        | 0x7 << 76
        | (bits >> 62) << 64
        | 0b10 << 62
        | bits & 0x3FFF_FFFF_FFFF_FFFF
    )


def provider_id(random: Random, prefix: str, length: int = 24) -> str:
    """An id in Stripe's style: `pi_` and 24 letters and digits."""
    return f"{prefix}_{''.join(random.choices(ALPHANUMERIC, k=length))}"
