"""Fetching an address that a user typed: bounded, and never from our own network.

The name is looked up here and the connection goes to the address that was looked at, so that a
name which changes its mind between the two (DNS rebinding) gains nothing. Each redirect is a
request like the first.
"""

import asyncio
import ssl
import zlib
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, urljoin, urlsplit

import httpx2
import msgspec

MAX_REDIRECTS = 3
REDIRECTS = {301, 302, 303, 307, 308}
PORTS = {"http": 80, "https": 443}
# Addresses that stand for others, which a gateway of ours may know: NAT64, 6to4, Teredo.
TRANSLATED = [IPv6Network(net) for net in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16")]
TRANSLATED.append(IPv6Network("2001::/32"))


class FetchFailure(StrEnum):
    """Why nothing came."""

    ADDRESS_REFUSED = "ADDRESS_REFUSED"
    UNREACHABLE = "UNREACHABLE"
    NOT_FOUND = "NOT_FOUND"
    REFUSED = "REFUSED"
    TOO_LARGE = "TOO_LARGE"


class FetchFailed(Exception):
    """`failure` is for programs."""

    def __init__(self, failure: FetchFailure) -> None:
        super().__init__(failure.value)
        self.failure = failure


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    """What an address answered; `content` is None when it is as it was."""

    content: bytes | None
    etag: str | None = None
    last_modified: str | None = None


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """How much to take, and how long to wait in all."""

    max_bytes: int
    seconds: float
    # For tests and development: loopback and private networks, any port, plain HTTP.
    private_networks: bool = False


def is_fetchable(url: str, *, private_networks: bool = False) -> bool:
    """Whether an address may be asked at all; where its name leads is found out when it is."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    if parts.scheme not in PORTS or not parts.hostname or parts.username or parts.password:
        return False
    return private_networks or (parts.scheme == "https" and port in (None, 443))


async def fetch(
    url: str, bounds: Bounds, *, etag: str | None = None, last_modified: str | None = None
) -> Fetched:
    """GET the address, if it has changed since. Raises FetchFailed."""
    headers = {"accept-encoding": "gzip", "user-agent": "Roost"}
    if etag is not None:
        headers["if-none-match"] = etag
    if last_modified is not None:
        headers["if-modified-since"] = last_modified
    try:
        async with asyncio.timeout(bounds.seconds):
            async with httpx2.AsyncClient(trust_env=False, timeout=bounds.seconds) as client:
                for _ in range(MAX_REDIRECTS + 1):
                    found = await _get(client, url, headers, bounds)
                    if isinstance(found, Fetched):
                        return found
                    url = found
    except (TimeoutError, httpx2.HTTPError, OSError, ssl.SSLError, httpx2.InvalidURL) as error:
        raise FetchFailed(FetchFailure.UNREACHABLE) from error
    raise FetchFailed(FetchFailure.UNREACHABLE)


async def _get(
    client: httpx2.AsyncClient, url: str, headers: dict[str, str], bounds: Bounds
) -> Fetched | str:
    """The answer, or where it is to be looked for instead."""
    if not is_fetchable(url, private_networks=bounds.private_networks):
        raise FetchFailed(FetchFailure.ADDRESS_REFUSED)
    parts = urlsplit(url)
    host = parts.hostname or ""
    address = await _address_of(parts, bounds)
    request = client.build_request(
        "GET",
        httpx2.URL(url).copy_with(host=str(address)),
        headers=headers | {"host": parts.netloc},
        # What the certificate has to be for.
        extensions={"sni_hostname": host},
    )
    response = await client.send(request, stream=True)
    try:
        if response.status_code in REDIRECTS and "location" in response.headers:
            return urljoin(url, response.headers["location"])
        if response.status_code == 304:
            return Fetched(content=None)
        if response.status_code != 200:
            raise FetchFailed(_failure(response.status_code))
        return Fetched(
            content=await _body(response, bounds.max_bytes),
            etag=response.headers.get("etag"),
            last_modified=response.headers.get("last-modified"),
        )
    finally:
        await response.aclose()


def _failure(status: int) -> FetchFailure:
    if status in (404, 410):
        return FetchFailure.NOT_FOUND
    return FetchFailure.UNREACHABLE if status >= 500 else FetchFailure.REFUSED


async def _address_of(parts: SplitResult, bounds: Bounds) -> IPv4Address | IPv6Address:
    """An address of the host that may be connected to. Raises FetchFailed, OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(
        parts.hostname, parts.port or PORTS[parts.scheme], proto=6
    )
    addresses = [ip_address(str(entry[4][0]).split("%")[0]) for entry in found]
    for address in addresses:
        if bounds.private_networks or is_public(address):
            return address
    raise FetchFailed(FetchFailure.ADDRESS_REFUSED)


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether the address is somebody's on the internet, and not ours under another name."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if any(address in network for network in TRANSLATED):
            return False
    return address.is_global and not address.is_multicast


async def _body(response: httpx2.Response, max_bytes: int) -> bytes:
    """The content, unpacked. Raises FetchFailed as soon as it is too much of it."""
    encoding = response.headers.get("content-encoding", "identity").lower()
    if encoding not in ("identity", "gzip", "x-gzip", "deflate"):
        raise FetchFailed(FetchFailure.REFUSED)
    # Unpacked here: a few bytes on the wire may be many in memory.
    unpacker = None if encoding == "identity" else zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    content = bytearray()
    try:
        async for chunk in response.aiter_raw():
            room = max_bytes + 1 - len(content)
            content += chunk if unpacker is None else unpacker.decompress(chunk, room)
            if len(content) > max_bytes:
                raise FetchFailed(FetchFailure.TOO_LARGE)
    except zlib.error as error:
        raise FetchFailed(FetchFailure.REFUSED) from error
    return bytes(content)
