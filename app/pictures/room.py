"""Where pictures are decoded: a process that may break, and is then gone (program.py)."""

import asyncio
import struct
import sys
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from enum import StrEnum
from pathlib import Path

from app.errors import Invalid, Unavailable
from app.pictures import program

PROGRAM = Path(program.__file__)
SECONDS = 20.0
# Each takes a core and some hundred megabytes for a moment.
AT_ONCE = 2
TURN_SECONDS = 0.05

_places = threading.BoundedSemaphore(AT_ONCE)


class Fault(StrEnum):
    """Why something is not taken for a picture."""

    UNREADABLE = "UNREADABLE"
    TOO_MANY_PIXELS = "TOO_MANY_PIXELS"
    TOO_SMALL = "TOO_SMALL"


class NotAPicture(Invalid):
    """What was sent is no picture, or not one that we take."""

    def __init__(self, fault: Fault, message: str) -> None:
        super().__init__(message)
        self.fault = fault


@asynccontextmanager
async def place(*, wait: bool) -> AsyncIterator[None]:
    """One of the few places in this process. Raises Unavailable if there is none to `wait` for."""
    while not _places.acquire(blocking=False):
        if not wait:
            raise Unavailable(
                "Too many pictures are coming in at the moment. Try again in a minute."
            )
        await asyncio.sleep(TURN_SECONDS)
    try:
        yield
    finally:
        _places.release()


async def make(what: str, raw: bytes, sides: Sequence[int]) -> list[bytes]:
    """What the program makes of a picture. The caller has a place.

    Raises NotAPicture, and Unavailable when it takes too long.
    """
    status, output = await _run(what, raw, sides)
    if status == 0:
        return _parts(output)
    if status == program.TOO_LARGE:
        millions = max(program.FORMATS.values()) // 1_000_000
        raise NotAPicture(
            Fault.TOO_MANY_PIXELS, f"This picture has too many pixels: {millions} million at most."
        )
    if status == program.TOO_SMALL:
        raise NotAPicture(
            Fault.TOO_SMALL,
            f"This picture is too small: at least {min(sides)} pixels on each side.",
        )
    raise NotAPicture(
        Fault.UNREADABLE, "This is not a picture that can be read: send a JPEG, PNG or WebP."
    )


async def _run(what: str, raw: bytes, sides: Sequence[int]) -> tuple[int, bytes]:
    """The program's exit status (negative: the signal that ended it) and its output."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        # Neither our code nor our environment: it has no use for secrets.
        "-I",
        str(PROGRAM),
        what,
        *map(str, sides),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={},
    )
    try:
        async with asyncio.timeout(SECONDS):
            output, _ = await process.communicate(raw)
    except TimeoutError as error:
        # It bounds its own work: so the machine has too much of it.
        raise Unavailable("This took too long. Try again in a minute.") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    return process.returncode, output


def _parts(output: bytes) -> list[bytes]:
    found, start = [], 0
    while start < len(output):
        (length,) = struct.unpack_from(">I", output, start)
        found.append(output[start + 4 : start + 4 + length])
        start += 4 + length
    return found
