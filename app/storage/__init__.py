"""Where files are kept: in a folder of this machine, or in a bucket that speaks S3's protocol.

A file has a key, such as `photos/ab12-480.webp`; rows know it by its path, `/media/` and the key.
What lies under `PUBLIC` may be read by anybody who knows its name, which is random and never used
again. Everything else is private.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol, TypeAlias

import msgspec

PREFIX = "/media/"
PEOPLE, PHOTOS = "people/", "photos/"
PUBLIC = (PEOPLE, PHOTOS)
# What clients send, until it is looked at. A leading dot is never served.
UPLOADS = ".uploads/"

# No name is ever given to another content.
IMMUTABLE = "public, max-age=31536000, immutable"
UNAVAILABLE = "Pictures cannot be kept at the moment. Try again in a minute."


# What the beginnings of paths are for browsers: the first that fits counts. What begins with none
# is an address already.
Addresses: TypeAlias = tuple[tuple[str, str], ...]


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """A request that puts one file in its place: whoever has it can send it, until it expires."""

    url: str
    method: str
    headers: Mapping[str, str]
    expires_at: datetime


class Storage(Protocol):
    """The files of all processes. Every method but `address` raises Unavailable."""

    addresses: Addresses

    async def put(self, key: str, content: bytes, media_type: str) -> None:
        """Keep a file, whole or not at all. Again is the same."""

    async def size(self, key: str) -> int | None:
        """How many bytes a file has; None when there is none."""

    async def read(self, key: str) -> bytes:
        """A file's content. Raises NotFound."""

    async def remove(self, *keys: str) -> None:
        """Delete files; nothing where there is none."""

    async def upload(self, key: str, size: int, media_type: str, expires_at: datetime) -> Upload:
        """The request by which a client puts a file of so many bytes."""

    def address(self, path: str) -> str:
        """Where a browser finds what a row names: a path, or an address that is elsewhere."""


def address(path: str, addresses: Addresses) -> str:
    """What `Storage.address` is by a storage's `addresses`."""
    for beginning, shown in addresses:
        if path.startswith(beginning):
            return shown + path.removeprefix(beginning)
    return path


def key_of(path: str) -> str | None:
    """The key of a file that a row names; None for what is not ours."""
    return path.removeprefix(PREFIX) if path.startswith(PREFIX) else None
