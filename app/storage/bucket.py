"""Files in a bucket that speaks S3's protocol; clients put and fetch them there themselves.

Credentials come from the environment as the AWS tools read them (AWS_ACCESS_KEY_ID …), from the
machine's role otherwise: see obstore's S3Store.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import obstore
import structlog
from obstore.exceptions import BaseError
from obstore.store import S3Store

from app import clock
from app.config import SettingsError
from app.errors import NotFound, Unavailable
from app.storage import IMMUTABLE, PREFIX, PUBLIC, UNAVAILABLE, Addresses, Upload, address

log = structlog.get_logger(__name__)

# A request is tried again at once, then by whoever asked for it.
TRIES = 2
SECONDS = timedelta(seconds=15)
CONNECT_SECONDS = timedelta(seconds=3)


class Bucket:
    """A `Storage` in a bucket. `files_url` is where browsers find its public part."""

    def __init__(self, store: S3Store, public_url: str, files_url: str) -> None:
        self._store = store
        files = files_url.rstrip("/")
        self.addresses: Addresses = (
            *((PREFIX + each, f"{files}/{each}") for each in PUBLIC),
            ("/", f"{public_url.rstrip('/')}/"),
        )

    async def put(self, key: str, content: bytes, media_type: str) -> None:
        """Keep a file."""
        attributes = {"Content-Type": media_type, "Cache-Control": IMMUTABLE}
        with _answering():
            await obstore.put_async(self._store, key, content, attributes=attributes)

    async def size(self, key: str) -> int | None:
        """How many bytes a file has."""
        try:
            with _answering():
                return (await obstore.head_async(self._store, key))["size"]
        except NotFound:
            return None

    async def read(self, key: str) -> bytes:
        """A file's content. Raises NotFound."""
        with _answering():
            found = await obstore.get_async(self._store, key)
            return bytes(await found.bytes_async())

    async def remove(self, *keys: str) -> None:
        """Delete files."""
        with _answering():
            await obstore.delete_async(self._store, keys)

    async def upload(self, key: str, size: int, media_type: str, expires_at: datetime) -> Upload:
        """A PUT to the bucket, signed by our credentials. It does not bound the size: whoever
        takes the file looks at that."""
        with _answering():
            url = await obstore.sign_async(self._store, "PUT", key, expires_at - clock.now())
        return Upload(
            url=url, method="PUT", headers={"content-type": media_type}, expires_at=expires_at
        )

    def address(self, path: str) -> str:
        """What is kept here is found at the bucket's address, or at that of a CDN before it."""
        return address(path, self.addresses)


@contextmanager
def _answering() -> Iterator[None]:
    """Raises NotFound for what is not there, and Unavailable for everything else that fails."""
    try:
        yield
    except FileNotFoundError as error:
        raise NotFound("There is no such file.") from error
    except (BaseError, OSError) as error:
        log.warning("the bucket does not answer", error=type(error).__name__, exc_info=error)
        raise Unavailable(UNAVAILABLE) from error


def open_bucket(storage_url: str, public_url: str, files_url: str) -> Bucket:
    """The bucket of `s3://bucket/prefix?region=…&endpoint=…`. Connects to nothing yet.

    Raises SettingsError.
    """
    parts = urlsplit(storage_url)
    asked = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    unknown = asked.keys() - {"region", "endpoint"}
    if parts.scheme != "s3" or not parts.hostname or unknown:
        raise SettingsError("STORAGE_URL: expected s3://bucket/prefix?region=…&endpoint=…")
    if not files_url:
        raise SettingsError("STORAGE_PUBLIC_URL is not set: where browsers find the bucket's files")
    store = S3Store(
        parts.netloc,
        prefix=parts.path.strip("/") or None,
        config=asked,  # type: ignore[arg-type]
        client_options={
            "timeout": SECONDS,
            "connect_timeout": CONNECT_SECONDS,
            "allow_http": asked.get("endpoint", "").startswith("http://"),
        },
        retry_config={"max_retries": TRIES, "retry_timeout": SECONDS},
    )
    return Bucket(store, public_url, files_url)
