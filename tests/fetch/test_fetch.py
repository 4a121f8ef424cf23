"""Which addresses that users type may be asked: nothing of our own network, under any name."""

import asyncio
from ipaddress import ip_address
from typing import Any

import pytest

from app import fetch
from app.fetch import Bounds, FetchFailed, FetchFailure, is_fetchable, is_public

BOUNDS = Bounds(max_bytes=1_000, seconds=2)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("127.0.0.1", False),
        ("0.0.0.0", False),
        ("10.0.0.1", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1", False),
        ("fd00::1", False),
        ("ff0e::1", False),
        # The same under other names.
        ("::ffff:127.0.0.1", False),
        ("::ffff:93.184.216.34", True),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
        ("2001:0:7f00:1::", False),
    ],
)
def test_only_addresses_of_the_internet_are_public(address: str, public: bool) -> None:
    assert is_public(ip_address(address)) is public


@pytest.mark.parametrize("host", ["127.1", "0x7f000001", "2130706433", "localhost", "[::1]"])
async def test_names_of_this_machine_are_refused(host: str) -> None:
    with pytest.raises(FetchFailed) as refusal:
        await fetch.fetch(f"https://{host}/", BOUNDS)
    assert refusal.value.failure in (FetchFailure.ADDRESS_REFUSED, FetchFailure.UNREACHABLE)


async def test_the_connection_goes_to_the_address_that_was_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A name that leads elsewhere the second time is not looked up a second time."""
    asked: list[Any] = []

    async def getaddrinfo(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        return [(2, 1, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
    server = await asyncio.start_server(_answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    bounds = Bounds(max_bytes=1_000, seconds=5, private_networks=True)
    found = await fetch.fetch(f"http://calendars.example:{port}/a.ics", bounds)
    assert found.content == f"calendars.example:{port}".encode()
    assert asked.count("calendars.example") == 1
    with pytest.raises(FetchFailed) as refusal:
        await fetch.fetch("https://calendars.example/a.ics", BOUNDS)
    assert refusal.value.failure is FetchFailure.ADDRESS_REFUSED
    server.close()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Says which host was asked for."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    [host] = [line[6:] for line in head.split("\r\n") if line.lower().startswith("host: ")]
    writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(host)}\r\n\r\n{host}".encode())
    await writer.drain()
    writer.close()


@pytest.mark.parametrize(
    ("url", "fetchable", "in_private"),
    [
        ("https://a.example/x", True, True),
        ("https://a.example:443/x", True, True),
        ("https://a.example:444/x", False, True),
        ("http://a.example/x", False, True),
        ("ftp://a.example/x", False, False),
        ("https:///x", False, False),
        ("https://a.example:x/", False, False),
        ("https://me@a.example/", False, False),
    ],
)
def test_schemes_and_ports(url: str, fetchable: bool, in_private: bool) -> None:
    assert is_fetchable(url) is fetchable
    assert is_fetchable(url, private_networks=True) is in_private
