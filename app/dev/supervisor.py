"""`app dev`: everything on one machine from one command, and nothing left when it ends."""

import os
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

import httpx2

from app.clock import now
from app.config import SettingsError, load
from app.dev import launch
from app.dev.checks import Problem, free_ports, only_one, reach_postgres, reach_redis
from app.dev.children import Child, fresh_log, say, stop_all
from app.dev.embedded import EmbeddedError, Server, start_postgres, start_redis
from app.dev.environment import complete, plan
from app.dev.process import tail
from app.dev.secrets import load_or_make
from app.dev.welcome import welcome

READY_SECONDS = 60.0
POLL_SECONDS = 0.1


class Stopped(Exception):
    """A signal asked us to end."""


def run(root: Path, environ: Mapping[str, str] | None = None) -> int:
    """Run until a signal or until something dies. Returns the exit status."""
    supervisor = Supervisor(root, dict(os.environ if environ is None else environ))
    try:
        with ExitStack() as stack:
            supervisor.run(stack)
    except Stopped:
        say("Everything is stopped. The data stays in var/.")
        return 0
    except (Problem, EmbeddedError, SettingsError) as problem:
        say(str(problem))
        return 1
    except OSError as error:
        say(f"{error.filename or 'The system'}: {error.strerror}")
        return 1
    return 0


class Supervisor:
    """One `make run`. Signals only set flags; the main thread acts on them in `_pause`."""

    def __init__(self, root: Path, environ: Mapping[str, str]) -> None:
        self.root = root
        self.var = root / "var"
        self.logs = self.var / "log"
        self.environ = environ
        self.servers: list[Server] = []
        self.children: list[Child] = []
        self.at_terminal = os.isatty(0)
        self.stopping = threading.Event()
        self.impatient = threading.Event()

    def run(self, stack: ExitStack) -> None:
        """Start everything, then watch it. Raises Stopped, Problem, EmbeddedError, OSError."""
        began = time.monotonic()
        self._listen()
        the_plan = plan(self.environ)
        stack.enter_context(only_one(self.var, the_plan.public_url))
        free_ports(the_plan.host, the_plan.ports)
        self.logs.mkdir(exist_ok=True)
        stack.callback(self._stop_servers)
        database_url, redis_url = self._databases()
        env = complete(
            self.environ,
            the_plan,
            var=self.var,
            secrets=load_or_make(self.var / "secrets.json"),
            database_url=database_url,
            redis_url=redis_url,
        )
        load(env)
        stack.callback(self._stop_children)
        self._start(the_plan.stand_ins(), env)
        say("Bringing the tables up to date")
        self._step("migrate", ["migrate"], env)
        say("Looking after the demo world")
        self._step("seed", ["seed", "--demo"], env)
        self._start(the_plan.programs(), env)
        say(welcome(the_plan, env, today=now().date(), seconds=time.monotonic() - began))
        while True:
            self._pause()

    def _listen(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        if "MAKELEVEL" in self.environ:
            # A `make` that is killed does not tell its children.
            launch.die_with_parent(signal.SIGTERM, os.getppid())

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self.stopping.is_set():
            self.impatient.set()
        self.stopping.set()

    def _databases(self) -> tuple[str, str]:
        """PostgreSQL and Redis: the given ones if they answer, else the embedded ones."""
        database_url = self.environ.get("DATABASE_URL")
        if database_url:
            reach_postgres(database_url)
        else:
            database_url = self._embedded("postgresql", start_postgres).url
        redis_url = self.environ.get("REDIS_URL")
        if redis_url:
            reach_redis(redis_url)
        else:
            redis_url = self._embedded("redis", start_redis).url
        return database_url, redis_url

    def _embedded(self, name: str, start: Callable[[Path, Path], Server]) -> Server:
        self._check()
        began = time.monotonic()
        server = start(self.var / name, fresh_log(self.logs, name))
        self.servers.append(server)
        say(f"{server.name} is ready ({time.monotonic() - began:.1f} s)")
        return server

    def _step(self, name: str, arguments: Sequence[str], env: Mapping[str, str]) -> None:
        """Run a command to its end, its progress on the terminal."""
        child = Child(name, arguments)
        child.start(env, self.root, self.logs)
        try:
            while child.ended() is None:
                self._pause()
        finally:
            stop_all([child], self.impatient)
        if status := child.ended():
            raise Problem(f"`app {' '.join(arguments)}` failed (status {status}): see above.")

    def _start(self, children: Sequence[Child], env: Mapping[str, str]) -> None:
        """Start several at once, and wait until they are ready."""
        if not children:
            return
        say("Starting " + " and ".join(child.name for child in children))
        for child in children:
            child.start(env, self.root, self.logs)
            self.children.append(child)
        deadline = time.monotonic() + READY_SECONDS
        for child in children:
            while not _is_ready(child):
                self._pause()
                if time.monotonic() > deadline:
                    raise Problem(
                        f"{child.name} is not ready after {READY_SECONDS:.0f} s; "
                        f"{child.log} ends:\n{tail(child.log)}"
                    )

    def _pause(self) -> None:
        """A moment later. Raises Stopped on a signal, Problem when a process has died."""
        time.sleep(POLL_SECONDS)
        self._check()

    def _check(self) -> None:
        # A closed terminal tells its session's leader; if that is `make`, nobody tells us.
        if self.stopping.is_set() or (self.at_terminal and not os.isatty(0)):
            raise Stopped
        for server in self.servers:
            if server.process.poll() is not None:
                raise Problem(
                    f"{server.name} has died (status {server.process.returncode}), so everything "
                    f"stops; {server.log} ends:\n{tail(server.log)}"
                )
        for child in self.children:
            if (status := child.ended()) is not None:
                raise Problem(
                    f"{child.name} has died (status {status}), so everything stops; "
                    f"{child.log} ends:\n{tail(child.log)}"
                )

    def _stop_children(self) -> None:
        if self.children:
            say("Stopping …")
        # What serves people first, so that nothing it needs is taken away under it.
        last = {"sandbox", "paystack", "mailbox"}
        stop_all([child for child in self.children if child.name not in last], self.impatient)
        stop_all([child for child in self.children if child.name in last], self.impatient)

    def _stop_servers(self) -> None:
        for server in reversed(self.servers):
            server.stop()


def _is_ready(child: Child) -> bool:
    if child.ready_url is None:
        return True
    try:
        with httpx2.Client(trust_env=False, timeout=2) as client:
            return client.get(child.ready_url).status_code == httpx2.codes.OK
    except httpx2.HTTPError:
        return False
