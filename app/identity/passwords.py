"""Password hashes: argon2id, computed in a few threads, with a queue that is not endless."""

import asyncio
import os
import threading
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from app.errors import Unavailable

T = TypeVar("T")

# OWASP's parameters for argon2id: 19 MiB, two passes, one lane. About 20 ms of one core.
_hasher = PasswordHash([Argon2Hasher(memory_cost=19 * 1024, time_cost=2, parallelism=1)])

# Hashing is CPU-bound and releases the GIL. The cores left over serve everything else.
THREADS = max(1, min(4, (os.cpu_count() or 2) // 2))
# Whoever comes when this many wait is told to come back: about two seconds' worth.
MAX_WAITING = 64 * THREADS

_places = threading.BoundedSemaphore(MAX_WAITING)


async def hash_password(password: str) -> str:
    """The hash to store, in PHC format. Raises Unavailable under too many requests at once."""
    return await _in_thread(lambda: _hasher.hash(normalized(password)))


async def verify_password(password: str, stored: str | None) -> tuple[bool, str | None]:
    """Whether `password` is the one that `stored` was made of, and a better hash if it is.

    `stored` is None for an unknown account or one without a password: as much work is done, so
    that the time taken does not tell. Raises Unavailable under too many requests at once.
    """

    def verify() -> tuple[bool, str | None]:
        known = stored is not None
        valid, better = _hasher.verify_and_update(normalized(password), stored or _dummy())
        return (valid and known, better if known else None)

    return await _in_thread(verify)


def normalized(password: str) -> str:
    """NFKC, so that a password typed on another keyboard is the same one (NIST SP 800-63B)."""
    return unicodedata.normalize("NFKC", password)


async def _in_thread(work: Callable[[], T]) -> T:
    if not _places.acquire(blocking=False):
        raise Unavailable("Too many people are signing in at the moment. Try again in a minute.")
    job = _executor().submit(work)
    # Not when the request ends: one that was given up still takes its place in the queue.
    job.add_done_callback(lambda _: _places.release())
    return await asyncio.wrap_future(job)


@cache
def _executor() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS, thread_name_prefix="argon2")


@cache
def _dummy() -> str:
    return _hasher.hash("the password of nobody")
