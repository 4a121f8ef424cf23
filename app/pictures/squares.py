"""Squares of an uploaded picture."""

from collections.abc import Sequence

from app.pictures import room


async def squares(raw: bytes, sides: Sequence[int]) -> list[bytes]:
    """The picture as square JPEGs of these sides, in pixels, with nothing else in them.

    Raises Invalid for what is no picture, and Unavailable while others are being made.
    """
    async with room.place(wait=False):
        return await room.make("squares", raw, sides)
