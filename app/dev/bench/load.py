"""The client that makes the load, as a process of its own: `python -m app.dev.bench.load`.

A job as MessagePack on stdin, its result on stdout. Keep-alive connections and a parser that does
no more than it must, so that the client costs little next to the server that is measured.
"""

import asyncio
import os
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import cycle

import msgspec

# After so much silence the request counts as failed.
PATIENCE_SECONDS = 30.0
# Of a failed answer, for the person who wonders.
SAMPLE_BYTES = 400


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What to send: whole HTTP requests, each answered with 200 and `expected` in its body."""

    host: str
    port: int
    requests: list[bytes]
    expected: bytes
    connections: int
    seconds: float
    # Each request once; the run ends early when all are sent.
    once: bool = False
    # The processor to stay on; None: any.
    processor: int | None = None


class Result(msgspec.Struct, kw_only=True):
    """What came of it: the answers' times in milliseconds, in the order in which they came."""

    milliseconds: list[float]
    errors: int
    seconds: float
    # The first unexpected answer.
    sample: str | None = None
    # How many requests of `once` were sent.
    sent: int = 0


async def drive(job: Job) -> Result:
    """Send requests over all connections until the time is over."""
    result = Result(milliseconds=[], errors=0, seconds=0)
    requests = iter(job.requests) if job.once else cycle(job.requests)
    began = time.perf_counter()
    until = began + job.seconds
    await asyncio.gather(
        *(_connection(job, requests, until, result) for _ in range(job.connections))
    )
    result.seconds = time.perf_counter() - began
    return result


async def _connection(job: Job, requests: Iterator[bytes], until: float, result: Result) -> None:
    reader, writer = await asyncio.open_connection(job.host, job.port, limit=2**20)
    try:
        while (began := time.perf_counter()) < until:
            request = next(requests, None)
            if request is None:
                return
            result.sent += 1
            writer.write(request)
            async with asyncio.timeout(PATIENCE_SECONDS):
                status, body = await _answer(reader)
            if status == b"200" and job.expected in body:
                result.milliseconds.append((time.perf_counter() - began) * 1000)
            else:
                result.errors += 1
                result.sample = result.sample or f"{status.decode()} {body[:SAMPLE_BYTES]!r}"
    except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
        result.errors += 1
        result.sample = result.sample or repr(error)
    finally:
        writer.close()


async def ask(host: str, port: int, requests: Sequence[bytes]) -> list[bytes]:
    """The bodies of the answers, one request after the other. Raises RuntimeError for a failure."""
    reader, writer = await asyncio.open_connection(host, port, limit=2**20)
    try:
        bodies = []
        for each in requests:
            writer.write(each)
            async with asyncio.timeout(PATIENCE_SECONDS):
                status, body = await _answer(reader)
            if status != b"200":
                raise RuntimeError(f"{status.decode()} {body[:SAMPLE_BYTES]!r}")
            bodies.append(body)
        return bodies
    finally:
        writer.close()


async def _answer(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """The status and body of one answer; the server always sends a Content-Length."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    status = head[9:12]
    at = head.index(b"content-length:") + len(b"content-length:")
    length = int(head[at : head.index(b"\r\n", at)])
    return status, await reader.readexactly(length)


def request(path: str, body: bytes, headers: Sequence[tuple[str, str]] = ()) -> bytes:
    """A POST of JSON, as it goes over the wire."""
    lines = [
        f"POST {path} HTTP/1.1",
        "host: 127.0.0.1",
        "content-type: application/json",
        "accept: application/graphql-response+json",
        f"content-length: {len(body)}",
        *(f"{name}: {value}" for name, value in headers),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def main() -> None:
    job = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Job)
    if job.processor is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {job.processor})
    sys.stdout.buffer.write(msgspec.msgpack.encode(asyncio.run(drive(job))))


if __name__ == "__main__":
    main()
