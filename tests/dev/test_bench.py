"""The benchmark measures what it says: shown on a small world, without looking at the numbers."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from app.dev.bench.load import Job, ask, drive, request
from app.dev.bench.report import percentile
from app.dev.bench.same import difference, require_same
from app.dev.bench.scenarios import Scenario
from app.dev.bench.services import BY_HAND, CACHED, CORE, ENGINE, Served
from tests.support.postgres import ROOT

PAGES = ("search page", "property page", "my trips", "250 x 50 nights")
ROWS = (
    *((page, way) for page in PAGES for way in (ENGINE, CORE, BY_HAND)),
    ("search page", CACHED),
    ("createBooking", ENGINE),
)


@pytest.mark.slow
def test_the_quick_benchmark_measures_every_page_three_ways_and_leaves_no_process(
    open_folder: Path,
) -> None:
    environ = {
        name: value
        for name, value in os.environ.items()
        if name
        not in ("DATABASE_URL", "REDIS_URL", "STRIPE_SECRET_KEY", "PAYSTACK_SECRET_KEY", "SMTP_URL")
    }
    ended = subprocess.run(
        [sys.executable, "-m", "app", "bench", "--quick", "--folder", str(open_folder / "bench")],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    for page, way in ROWS:
        found = re.search(
            rf"^{page} +{way} +([\d.]+) +[\d.]+ .* (\d+) +0$", ended.stdout, re.MULTILINE
        )
        assert found, f"{page}, {way}: {ended.stdout}"
        assert float(found[1]) > 0
        assert int(found[2]) > 0
    for page in PAGES:
        assert re.search(rf"^{page}( +([\d.]+×|–)){{4}}$", ended.stdout, re.MULTILINE), ended.stdout
    assert "300 properties" in ended.stdout
    left = [
        one.cmdline()
        for one in psutil.process_iter()
        if one.status() != psutil.STATUS_ZOMBIE and str(open_folder) in " ".join(_words(one))
    ]
    assert not left


def _words(one: psutil.Process) -> list[str]:
    try:
        return list(one.cmdline())
    except psutil.Error:
        return []


Handler = Callable[[bytes], tuple[int, bytes]]


class Server:
    """Answers each request as `handler` says; counts connections."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.connections = 0
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        while head := await reader.readuntil(b"\r\n\r\n"):
            length = int(head.lower().split(b"content-length:")[1].split()[0])
            status, body = self.handler(await reader.readexactly(length))
            writer.write(f"HTTP/1.1 {status} OK\r\nContent-Length: {len(body)}\r\n\r\n".encode())
            writer.write(body)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    made = Server(lambda body: (200, body))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await made.serve(reader, writer)
        except asyncio.IncompleteReadError:
            writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    made.port = listening.sockets[0].getsockname()[1]
    async with listening:
        yield made


def job(server: Server, requests: list[bytes], *, once: bool = False) -> Job:
    return Job(
        host="127.0.0.1",
        port=server.port,
        requests=[request("/graphql", body) for body in requests],
        expected=b"good",
        connections=2,
        seconds=0.2,
        once=once,
    )


async def test_the_client_keeps_its_connections_and_counts_every_answer(server: Server) -> None:
    result = await drive(job(server, [b"good", b"good too"]))
    assert server.connections == 2
    assert result.errors == 0
    assert len(result.milliseconds) == result.sent > 2


async def test_an_answer_that_is_not_as_expected_is_an_error_with_a_sample(
    server: Server,
) -> None:
    answers = iter([(200, b'{"errors":[]}'), (500, b"good"), (200, b"good")])
    server.handler = lambda body: next(answers)
    result = await drive(job(server, [b"1", b"2", b"3"], once=True))
    assert (len(result.milliseconds), result.errors) == (1, 2)
    assert result.sample is not None
    assert "errors" in result.sample or "500" in result.sample


async def test_what_may_be_sent_once_is_sent_once(server: Server) -> None:
    seen: list[bytes] = []

    def handler(body: bytes) -> tuple[int, bytes]:
        seen.append(body)
        return 200, body

    server.handler = handler
    bodies = [f"good {number}".encode() for number in range(20)]
    result = await drive(job(server, bodies, once=True))
    assert sorted(seen) == sorted(bodies)
    assert result.sent == len(bodies)


async def test_answers_are_asked_for_in_order_and_a_refusal_is_raised(server: Server) -> None:
    requests = [request("/graphql", b"one"), request("/graphql", b"two")]
    assert await ask("127.0.0.1", server.port, requests) == [b"one", b"two"]
    server.handler = lambda body: (503, b"no")
    with pytest.raises(RuntimeError, match="503"):
        await ask("127.0.0.1", server.port, requests)


async def test_servers_that_answer_differently_are_not_measured(server: Server) -> None:
    unused: Any = None
    servers = {name: Served(unused, server.port) for name in (ENGINE, CORE, BY_HAND)}
    data = [b'{"data": {"page": {"price": 1}}}', b'{"data": {"page": {"price": 2}}}']
    asked = [request("/graphql", body) for body in data]
    same = Scenario(name="page", requests=asked, by_hand=asked, expected=b"")
    await require_same(servers, same)
    other = Scenario(name="page", requests=asked, by_hand=asked[::-1], expected=b"")
    with pytest.raises(RuntimeError, match=r"page: by hand .* data\.page\.price: 1 ≠ 2"):
        await require_same(servers, other)


@pytest.mark.parametrize(
    ("expected", "found", "where"),
    [
        ({"a": [1, {"b": None}]}, {"a": [1, {"b": None}]}, None),
        ({"a": [1, {"b": None}]}, {"a": [1, {"b": 0}]}, "data.a[1].b: None ≠ 0"),
        ({"a": [1, 2]}, {"a": [1]}, "data.a: [1, 2] ≠ [1]"),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, "data: {'a': 1, 'b': 2} ≠ {'b': 2, 'a': 1}"),
        ({"a": 1}, {"a": 1.0}, "data.a: 1 ≠ 1.0"),
        ({"a": 1}, {"a": True}, "data.a: 1 ≠ True"),
    ],
)
def test_a_difference_is_found_and_named(expected: Any, found: Any, where: str | None) -> None:
    assert difference(expected, found) == where


def test_percentiles_are_values_that_were_measured() -> None:
    values = [float(number) for number in range(100, 0, -1)]
    assert percentile(values, 0.5) == 51
    assert percentile(values, 0.99) == 100
    assert percentile([7.0], 0.99) == 7
    assert percentile([], 0.5) == 0


def test_an_interrupted_benchmark_leaves_no_process(open_folder: Path) -> None:
    folder = open_folder / "bench"
    running = subprocess.Popen(
        [sys.executable, "-m", "app", "bench", "--quick", "--folder", str(folder)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        # A test run in the background ignores the signal, and its children would, too.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert running.stdout is not None
    for line in running.stdout:
        if b"Measuring" in line:
            break
    os.killpg(running.pid, signal.SIGINT)
    running.stdout.read()
    running.stdout.close()
    assert running.wait(30) != 0
    left = [one.pid for one in psutil.process_iter() if str(folder) in " ".join(_words(one))]
    assert not left
