"""Identifiers: UUIDv7 (RFC 9562), so that keys grow with time and index pages stay warm."""

import os
import time
from uuid import UUID


def new_id() -> UUID:
    """A fresh UUIDv7: 60 bits of time, in steps of a quarter of a microsecond, then 62 random bits.

    The 12 bits after the milliseconds are their fraction (RFC 9562, section 6.2, method 3): ids
    made one after the other in one process are in that order.
    """
    milliseconds, fraction = divmod(time.time_ns(), 1_000_000)
    random = int.from_bytes(os.urandom(8), "big") & 0x3FFF_FFFF_FFFF_FFFF
    value = (
        (milliseconds & 0xFFFF_FFFF_FFFF) << 80
        | 0x7 << 76
        | (fraction * 4_096 // 1_000_000) << 64
        | 0b10 << 62
        | random
    )
    return UUID(int=value)
