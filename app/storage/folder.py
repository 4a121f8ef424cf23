"""Files in a folder, served under /media by the API, which takes uploads at /uploads, too."""

import asyncio
import contextlib
import hmac
import os
import secrets
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlencode

import msgspec

from app.errors import Forbidden, Invalid, NotFound
from app.storage import UPLOADS, Addresses, Upload, address

UPLOADS_PATH = "/uploads/"
# What is being written: nobody is served it. What a crash has left of that goes after a day.
DRAFTS = ".drafts"
STALE_SECONDS = 24 * 3600


class Signed(msgspec.Struct, frozen=True, kw_only=True):
    """What the address of an upload says."""

    name: str
    size: int
    expires: int
    signature: str


class Folder:
    """A `Storage` below one folder. The first secret signs uploads' addresses, all verify."""

    def __init__(self, root: Path, public_url: str, secrets: Sequence[bytes]) -> None:
        self._root = root
        self._public_url = public_url.rstrip("/")
        self.addresses: Addresses = (("/", f"{self._public_url}/"),)
        self._secrets = secrets

    async def put(self, key: str, content: bytes, media_type: str) -> None:
        """Keep a file: there after a crash of the machine, too."""
        await asyncio.to_thread(self._put, key, content)

    async def size(self, key: str) -> int | None:
        """How many bytes a file has."""
        try:
            return self._path(key).stat().st_size
        except FileNotFoundError:
            return None

    async def read(self, key: str) -> bytes:
        """A file's content. Raises NotFound."""
        try:
            return await asyncio.to_thread(self._path(key).read_bytes)
        except FileNotFoundError as error:
            raise NotFound("There is no such file.") from error

    async def remove(self, *keys: str) -> None:
        """Delete files, and what crashes have left of others."""
        await asyncio.to_thread(self._remove, keys)

    async def upload(self, key: str, size: int, media_type: str, expires_at: datetime) -> Upload:
        """A PUT to this API, at an address that holds what it is for, and our signature."""
        name, expires = key.removeprefix(UPLOADS), int(expires_at.timestamp())
        asked = {
            "size": size,
            "expires": expires,
            "signature": _signature(self._secrets[0], name, size, expires),
        }
        return Upload(
            url=f"{self._public_url}{UPLOADS_PATH}{name}?{urlencode(asked)}",
            method="PUT",
            headers={"content-type": media_type},
            expires_at=datetime.fromtimestamp(expires, UTC),
        )

    async def receive(self, signed: Signed, chunks: AsyncIterator[bytes], now: datetime) -> None:
        """Keep what is sent to an upload's address: all of it, or nothing.

        Raises Forbidden for an address that is not ours or has expired, and Invalid when there
        are more or fewer bytes than were announced.
        """
        # As text it may be anything, and compare_digest takes ASCII alone.
        given = signed.signature.encode()
        said = (signed.name, signed.size, signed.expires)
        ours = [_signature(each, *said).encode() for each in self._secrets]
        if not any(hmac.compare_digest(each, given) for each in ours):
            raise Forbidden("This is not an address for uploads.")
        if signed.expires <= now.timestamp():
            raise Forbidden("This address has expired. Ask for another one.")
        with self._draft(UPLOADS + signed.name) as draft:
            left = signed.size
            with draft.open("wb") as file:
                async for chunk in chunks:
                    left -= len(chunk)
                    if left < 0:
                        break
                    await asyncio.to_thread(file.write, chunk)
                if left:
                    raise Invalid(f"This is not a file of {signed.size:,} bytes, as announced.")
                file.flush()
                await asyncio.to_thread(os.fsync, file.fileno())

    def address(self, path: str) -> str:
        """Paths are on this server."""
        return address(path, self.addresses)

    def _put(self, key: str, content: bytes) -> None:
        with self._draft(key) as draft, draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())

    def _remove(self, keys: Sequence[str]) -> None:
        for key in keys:
            # What would lie outside, or is no file, is none of ours.
            with contextlib.suppress(NotFound, FileNotFoundError, IsADirectoryError):
                self._path(key).unlink()
        long_ago = time.time() - STALE_SECONDS
        for draft in (self._root / DRAFTS).glob("*"):
            with contextlib.suppress(FileNotFoundError):
                if draft.stat().st_mtime < long_ago:
                    draft.unlink()

    @contextlib.contextmanager
    def _draft(self, key: str) -> Iterator[Path]:
        """A file of one's own, which becomes the one with this key unless something is raised."""
        target, drafts = self._path(key), self._root / DRAFTS
        for folder in (target.parent, drafts):
            folder.mkdir(parents=True, exist_ok=True)
        draft = drafts / secrets.token_hex(16)
        try:
            yield draft
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        """Where a file lies. Raises NotFound for what would be outside."""
        root = self._root.resolve()
        path = (root / key).resolve()
        if not path.is_relative_to(root):
            raise NotFound("There is no such file.")
        return path


def _signature(secret: bytes, name: str, size: int, expires: int) -> str:
    return hmac.new(secret, f"{name}\n{size}\n{expires}".encode(), sha256).hexdigest()
