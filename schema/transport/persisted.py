"""Documents named by their hash: automatic persisted queries, and trusted documents only.

Apollo's protocol: a client sends `extensions.persistedQuery.sha256Hash` alone; when the server
does not know it (PERSISTED_QUERY_NOT_FOUND) it sends hash and text together, once.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Protocol

from schema.transport.errors import (
    BAD_USER_INPUT,
    PERSISTED_QUERY_NOT_FOUND,
    QUERY_NOT_IN_SAFELIST,
    Refused,
    RequestError,
    refusal,
)


class PersistedQueries(Protocol):
    """Where texts are kept by hash. Should be bounded: anyone may fill it with valid texts."""

    async def get(self, sha256: str) -> str | None: ...

    async def put(self, sha256: str, text: str) -> None: ...


class LocalPersistedQueries:
    """Keeps the most recently used texts in this process's memory."""

    def __init__(self, size: int = 1_000) -> None:
        self._size = size
        self._texts: OrderedDict[str, str] = OrderedDict()

    async def get(self, sha256: str) -> str | None:
        text = self._texts.get(sha256)
        if text is not None:
            self._texts.move_to_end(sha256)
        return text

    async def put(self, sha256: str, text: str) -> None:
        self._texts[sha256] = text
        if len(self._texts) > self._size:
            self._texts.popitem(last=False)


def sha256_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def requested_hash(extensions: Mapping[str, Any] | None) -> str | None:
    """The hash that a request names. Raises RequestError when it is malformed."""
    persisted = (extensions or {}).get("persistedQuery")
    if persisted is None:
        return None
    if isinstance(persisted, Mapping) and persisted.get("version") in (1, "1"):
        sha256 = persisted.get("sha256Hash")
        if isinstance(sha256, str) and len(sha256) == 64:
            return sha256.lower()
    raise RequestError(
        400, BAD_USER_INPUT, "'extensions.persistedQuery' must be {version: 1, sha256Hash}."
    )


async def find_text(
    query: str | None,
    sha256: str | None,
    store: PersistedQueries | None,
    trusted: Mapping[str, str] | None,
) -> str:
    """The text to run, for a request that has a `query`, a hash, or both.

    Raises Refused when the hash is unknown or is not the query's, or, with `trusted`, when the
    document is not one of these.
    """
    if query is not None and sha256 is not None and sha256_of(query) != sha256:
        raise Refused(refusal(BAD_USER_INPUT, "'sha256Hash' is not the hash of 'query'."))
    if trusted is not None:
        text = trusted.get(sha256 or sha256_of(query or ""))
        if text is None:
            raise Refused(refusal(QUERY_NOT_IN_SAFELIST, "Only trusted documents are run here."))
        return text
    if query is not None:
        return query
    text = await store.get(sha256) if store is not None and sha256 is not None else None
    if text is None:
        # The message, too, is part of the protocol: older clients look at it.
        raise Refused(refusal(PERSISTED_QUERY_NOT_FOUND, "PersistedQueryNotFound"))
    return text
