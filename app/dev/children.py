"""The processes that the supervisor runs, and what they print."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from app.dev.process import kill, spawn

GRACE_SECONDS = 8.0
COLOURS = {
    "api": 36,
    "worker": 35,
    "sandbox": 33,
    "paystack": 33,
    "mailbox": 34,
    "migrate": 32,
    "seed": 32,
}


def say(text: str = "") -> None:
    """Print to the terminal, whether or not it still exists."""
    try:
        print(text, flush=True)
    except OSError:
        pass  # the terminal was closed, or the reader of a pipe ended; the log files remain


class Child:
    """`app <arguments>` as a process: its lines go, prefixed, to the terminal and to a log."""

    def __init__(self, name: str, arguments: Sequence[str], ready_url: str | None = None) -> None:
        self.name = name
        self.arguments = list(arguments)
        self.ready_url = ready_url
        self.log = Path()
        self.process: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None

    def start(self, env: Mapping[str, str], root: Path, logs: Path) -> None:
        """Start it. The log of the time before is kept as `<name>.log.old`."""
        self.log = fresh_log(logs, self.name)
        self.process = spawn(
            [sys.executable, "-m", "app", *self.arguments],
            output=subprocess.PIPE,
            env=env,
            cwd=root,
        )
        self._reader = threading.Thread(target=self._forward, daemon=True)
        self._reader.start()

    def ended(self) -> int | None:
        """Its exit status, or None while it runs."""
        status = self.process.poll() if self.process else None
        if status is not None and self._reader:
            self._reader.join(timeout=2)  # so that its last words are out before ours
        return status

    def _forward(self) -> None:
        assert self.process is not None
        assert self.process.stdout is not None
        prefix = f"{self.name:>8} | "
        if sys.stdout.isatty():
            prefix = f"\033[{COLOURS.get(self.name, 37)}m{prefix}\033[0m"
        with self.log.open("wb") as log:
            for line in self.process.stdout:
                log.write(line)
                log.flush()
                say(prefix + line.decode(errors="replace").rstrip())


def fresh_log(logs: Path, name: str) -> Path:
    """The path of an empty log; the previous one is kept beside it."""
    log = logs / f"{name}.log"
    if log.exists():
        log.replace(log.with_name(f"{name}.log.old"))
    return log


def stop_all(children: Sequence[Child], impatient: threading.Event) -> None:
    """Stop several at once: ask, wait at most `GRACE_SECONDS`, then kill what is left."""
    running = [child.process for child in children if child.process]
    for process in running:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + GRACE_SECONDS
    while any(process.poll() is None for process in running):
        if time.monotonic() > deadline or impatient.is_set():
            break
        time.sleep(0.05)
    for process in running:
        kill(process)
