"""Everything that is measured, started and stopped: servers, sandbox, API, worker."""

import contextlib
import os
import random
import socket
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from subprocess import Popen

import asyncpg
import httpx2
import msgspec
import psutil

from app.config import Settings, load
from app.dev import process
from app.dev.embedded import Server, start_postgres, start_redis
from app.dev.environment import Plan, complete
from app.dev.secrets import load_or_make

READY_SECONDS = 60.0
# Below those that the system gives to whoever connects, as the load does by the thousand.
PORTS = range(10_000, 20_000)
DATABASE, KEPT = "bench", "world"

# Those that are measured: by name, what is run, and what its environment has besides. Pages by hand
# keep nothing that was found, so neither do those that are held against them.
ENGINE, CORE, BY_HAND, CACHED = "engine", "graphql-core", "by hand", "with cache"
SERVERS: Mapping[str, tuple[Sequence[str], Mapping[str, str]]] = {
    ENGINE: (("app", "serve"), {"GRAPHQL_ENGINE": "true", "SEARCH_CACHE_SECONDS": "0"}),
    CORE: (("app", "serve"), {"GRAPHQL_ENGINE": "false", "SEARCH_CACHE_SECONDS": "0"}),
    BY_HAND: (("app.dev.bench.by_hand",), {}),
    CACHED: (("app", "serve"), {"GRAPHQL_ENGINE": "true"}),
}


class Served(msgspec.Struct, frozen=True):
    """One of the servers that are measured."""

    running: Popen[bytes]
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def seconds(self) -> float:
        """The processor time that it has used so far, of /proc/<pid>/stat."""
        return _cpu(psutil.Process(self.running.pid))


class Services:
    """What runs during a benchmark. Processes that are measured have a processor of their own."""

    def __init__(self, folder: Path, root: Path) -> None:
        self.folder = folder
        self.root = root
        processors = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]
        # The first is the measured servers', one of which works at a time; all the rest share the
        # others.
        self.api_processor = processors[0] if len(processors) > 1 else None
        self.others = processors[1:] if len(processors) > 1 else []
        self.settings: Settings
        self.postgres: Server
        self.servers: dict[str, Served] = {}
        self._env: dict[str, str] = {}
        self._ports = _free_ports()

    @contextmanager
    def databases(self) -> Iterator[None]:
        """PostgreSQL and Redis, on data that is kept."""
        with ExitStack() as stack:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.postgres = start_postgres(self.folder / "postgresql", self._log("postgresql"))
            stack.callback(self.postgres.stop)
            self._pin(self.postgres.process, self.others)
            redis = start_redis(self.folder / "redis", self._log("redis"), throw_away=True)
            stack.callback(redis.stop)
            self._pin(redis.process, self.others)
            self._env = self._environment(self.url(DATABASE), redis.url)
            self.settings = load(self._env)
            yield

    @contextmanager
    def programs(self) -> Iterator[None]:
        """Sandbox, mailbox, worker and the measured servers, ready."""
        with ExitStack() as stack:
            awaited = []
            for command, variable in (
                ("sandbox", "SANDBOX_PORT"),
                ("mailbox", "MAILBOX_PORT"),
                ("worker", "WORKER_PORT"),
            ):
                running = self._start(stack, command, ("app", command), {}, self.others)
                awaited.append((running, int(self._env[variable]), self._log(command)))
            # The first has the port that the sandbox sends its webhooks to.
            ports = (int(self._env["PORT"]), *islice(self._ports, len(SERVERS) - 1))
            pinned = self.others if self.api_processor is None else [self.api_processor]
            for (name, (module, more)), port in zip(SERVERS.items(), ports, strict=True):
                environment = {**more, "PORT": str(port)}
                running = self._start(stack, name, module, environment, pinned)
                awaited.append((running, port, self._log(name)))
                self.servers[name] = Served(running, port)
            for running, port, log in awaited:
                _wait(running, port, log)
            yield

    def _start(
        self,
        stack: ExitStack,
        name: str,
        module: Sequence[str],
        more: Mapping[str, str],
        processors: Sequence[int],
    ) -> "Popen[bytes]":
        with self._log(name).open("ab") as output:
            running = process.spawn(
                [sys.executable, "-m", *module],
                output=output,
                env={**self._env, **more},
                cwd=self.root,
            )
        stack.callback(process.stop, running)
        self._pin(running, processors)
        return running

    def url(self, database: str) -> str:
        """The address of a database of the server's."""
        return self.postgres.url.replace("/postgres?", f"/{database}?")

    def command(self, *arguments: str, database: str = DATABASE) -> None:
        """Run `app <arguments>` to its end. Raises RuntimeError when it fails."""
        command = [sys.executable, "-m", "app", *arguments]
        env = {**self._env, "DATABASE_URL": self.url(database)}
        ended = process.spawn(command, output=1, env=env, cwd=self.root).wait()
        if ended:
            raise RuntimeError(f"`app {' '.join(arguments)}` failed (status {ended}): see above")

    async def recreate_database(self, name: str = DATABASE, *, like: str | None = None) -> None:
        """An empty database, or a copy of another."""
        how = "" if like is None else f" TEMPLATE {like} STRATEGY file_copy"
        await self._execute(
            f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"CREATE DATABASE {name}{how}"
        )

    async def keep_database(self) -> None:
        """Set it aside, to make copies of."""
        await self._execute(
            f"DROP DATABASE IF EXISTS {KEPT} WITH (FORCE)",
            f"ALTER DATABASE {DATABASE} RENAME TO {KEPT}",
        )

    async def _execute(self, *statements: str) -> None:
        connection = await asyncpg.connect(self.postgres.url)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    def postgres_seconds(self) -> float:
        """The processor time of PostgreSQL, as far as its backends still live."""
        server = psutil.Process(self.postgres.process.pid)
        return sum(_cpu(one) for one in (server, *server.children()))

    def _log(self, name: str) -> Path:
        return self.folder / f"{name.replace(' ', '-')}.log"

    def _pin(self, running: "Popen[bytes]", processors: Sequence[int]) -> None:
        if not processors:
            return
        with contextlib.suppress(psutil.Error):
            parent = psutil.Process(running.pid)
            for one in (parent, *parent.children(recursive=True)):
                one.cpu_affinity(list(processors))

    def _environment(self, database_url: str, redis_url: str) -> dict[str, str]:
        names = ("PORT", "WORKER_PORT", "SANDBOX_PORT", "MAILBOX_PORT", "MAILBOX_SMTP_PORT")
        ports = dict(zip(names, islice(self._ports, len(names)), strict=True))
        plan = Plan("127.0.0.1", ports, f"http://127.0.0.1:{ports['PORT']}")
        inherited: Mapping[str, str] = {
            name: value
            for name, value in os.environ.items()
            if name in ("PATH", "HOME", "TMPDIR", "LANG", "PYTHONPATH", "VIRTUAL_ENV")
        }
        return complete(
            inherited,
            plan,
            var=self.folder,
            secrets=load_or_make(self.folder / "secrets.json"),
            database_url=database_url,
            redis_url=redis_url,
        )


def _free_ports() -> Iterator[int]:
    """Ports that nobody listens on, each once."""
    for port in random.sample(PORTS, len(PORTS)):
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        yield port


def _wait(running: "Popen[bytes]", port: int, log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    with httpx2.Client(trust_env=False, timeout=2) as client:
        while True:
            with contextlib.suppress(httpx2.HTTPError):
                if client.get(f"http://127.0.0.1:{port}/health/ready").status_code == 200:
                    return
            if running.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"not ready; {log} ends:\n{process.tail(log)}")
            time.sleep(0.1)


def _cpu(one: psutil.Process) -> float:
    try:
        times = one.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)
