"""Making squares of an uploaded picture, in a process that may break and is then gone."""

import asyncio
import struct
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from app.errors import Invalid, Unavailable
from app.pictures.program import FORMATS, TOO_LARGE, TOO_SMALL

PROGRAM = Path(__file__).with_name("program.py")
SECONDS = 20.0
# Each takes a core and some hundred megabytes for a moment.
AT_ONCE = 2

_places = threading.BoundedSemaphore(AT_ONCE)


async def squares(raw: bytes, sides: Sequence[int]) -> list[bytes]:
    """The picture as square JPEGs of these sides, in pixels, with nothing else in them.

    Raises Invalid for what is no picture, and Unavailable while others are being made.
    """
    if not _places.acquire(blocking=False):
        raise Unavailable("Too many pictures are coming in at the moment. Try again in a minute.")
    try:
        status, output = await _run(raw, sides)
    finally:
        _places.release()
    if status == 0:
        return _parts(output)
    if status == TOO_LARGE:
        millions = max(FORMATS.values()) // 1_000_000
        raise Invalid(f"This picture has too many pixels: {millions} million at most.")
    if status == TOO_SMALL:
        raise Invalid(f"This picture is too small: at least {min(sides)} pixels on each side.")
    raise Invalid("This is not a picture that can be read: send a JPEG, PNG or WebP.")


async def _run(raw: bytes, sides: Sequence[int]) -> tuple[int, bytes]:
    """The program's exit status (negative: the signal that ended it) and its output."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        # Neither our code nor our environment: it has no use for secrets.
        "-I",
        str(PROGRAM),
        *map(str, sides),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={},
    )
    try:
        async with asyncio.timeout(SECONDS):
            output, _ = await process.communicate(raw)
    except TimeoutError:
        output = b""
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
