"""What can be wrong with a machine, found before anything is started, each said in one line."""

import asyncio
import contextlib
import fcntl
import os
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
from redis.asyncio import Redis
from redis.exceptions import RedisError

CONNECT_SECONDS = 5
OLDEST_POSTGRES = 15


class Problem(Exception):
    """Something that the person at the terminal has to mend; the message says how."""


@contextlib.contextmanager
def only_one(folder: Path, address: str) -> Iterator[None]:
    """Make `folder` and hold it for this process. Raises Problem if it is held or unwritable."""
    path = folder / "running"
    try:
        folder.mkdir(exist_ok=True)
        file = path.open("a+")
    except OSError as error:
        raise Problem(
            f"Can't write to {folder} ({error.strerror}): make it a folder of yours."
        ) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            raise Problem(
                f"Already running in this checkout: {file.read().strip() or 'just starting'}. "
                "Stop it first (Ctrl-C there)."
            ) from None
        file.truncate(0)
        file.write(f"{address}, pid {os.getpid()}\n")
        file.flush()
        yield


def free_ports(host: str, ports: Mapping[str, int]) -> None:
    """Raise Problem if one of the ports (by the name of its variable) can't be listened on."""
    for variable, port in ports.items():
        if others := [name for name, other in ports.items() if other == port and name != variable]:
            raise Problem(f"{variable} and {others[0]} are both {port}: choose different ports.")
        try:
            with socket.create_server((host, port)):
                pass
        except OSError as error:
            reason = os.strerror(error.errno or 0)
            raise Problem(
                f"Port {port} can't be used ({reason}): stop the program that has it, "
                f"or choose another one: {variable}={port + 100} make run"
            ) from error


def reach_postgres(url: str) -> None:
    """Raise Problem unless a PostgreSQL that is new enough answers at `url`."""
    try:
        version = asyncio.run(_postgres_version(url))
    except (OSError, ValueError, TimeoutError, asyncpg.PostgresError) as error:
        raise Problem(
            f"DATABASE_URL: no PostgreSQL for us at {_without_password(url)} ({_reason(error)}). "
            "Start or create it, or unset DATABASE_URL to use the embedded one."
        ) from error
    if version < OLDEST_POSTGRES:
        raise Problem(
            f"DATABASE_URL: PostgreSQL {version} is too old, {OLDEST_POSTGRES} is the oldest."
        )


async def _postgres_version(url: str) -> int:
    scheme, rest = url.split("://", 1)
    connection = await asyncpg.connect(f"{scheme.split('+')[0]}://{rest}", timeout=CONNECT_SECONDS)
    try:
        return int(connection.get_server_version().major)
    finally:
        await connection.close()


def reach_redis(url: str) -> None:
    """Raise Problem unless a Redis answers at `url`."""
    try:
        asyncio.run(_ping(url))
    except (OSError, ValueError, TimeoutError, RedisError) as error:
        raise Problem(
            f"REDIS_URL: no Redis for us at {_without_password(url)} ({_reason(error)}). "
            "Start it, or unset REDIS_URL to use the embedded one."
        ) from error


async def _ping(url: str) -> None:
    async with Redis.from_url(url, socket_connect_timeout=CONNECT_SECONDS, retry=None) as redis:
        await redis.exists("roost")


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()


def _reason(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
