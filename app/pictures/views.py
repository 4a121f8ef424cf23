"""A photo in several sizes, and what to show until they are there."""

from collections.abc import Awaitable, Callable, Sequence

import msgspec

from app.pictures import room


class Facts(msgspec.Struct, frozen=True):
    """Of the largest of the sizes, in pixels; the placeholder is a BlurHash."""

    width: int
    height: int
    placeholder: str


class Views(msgspec.Struct, frozen=True):
    """A photo as WebP, in the order of the sides asked for, with nothing else in them."""

    facts: Facts
    contents: list[bytes]


async def views(read: Callable[[], Awaitable[bytes]], sides: Sequence[int]) -> Views:
    """The photo that is read when it is its turn, with its longer side no longer than these.

    It is made no larger than it is. Raises Invalid for what is no picture, and Unavailable.
    """
    async with room.place(wait=True):
        facts, *contents = await room.make("views", await read(), sides)
    return Views(msgspec.json.decode(facts, type=Facts), contents)
