"""The benchmark measures what it says: shown on a small world, without looking at the numbers."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import psutil
import pytest

from app.dev.bench.load import Job, drive, request
from app.dev.bench.run import percentile
from tests.support.postgres import ROOT

SCENARIOS = ("search page", "property page", "my trips", "createBooking")


@pytest.mark.slow
def test_the_quick_benchmark_measures_every_scenario_and_leaves_no_process(
    open_folder: Path,
) -> None:
    environ = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DATABASE_URL", "REDIS_URL", "STRIPE_SECRET_KEY", "SMTP_URL")
    }
    ended = subprocess.run(
        [sys.executable, "-m", "app", "bench", "--quick", "--folder", str(open_folder / "bench")],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    for name in SCENARIOS:
        found = re.search(rf"^{name} +([\d.]+) +([\d.]+) .* (\d+) +0$", ended.stdout, re.MULTILINE)
        assert found, f"{name}: {ended.stdout}"
        assert float(found[1]) > 0
        assert float(found[2]) > 0
        assert int(found[3]) > 0
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
