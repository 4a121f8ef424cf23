"""Starting and stopping child processes so that none is ever left behind.

Every child leads a process group of its own: Ctrl-C in the terminal reaches only the process
that started it, which then stops its children in the right order. On Linux a child also dies
when its parent is killed with `kill -9` (see `launch`).
"""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

LAUNCH = Path(__file__).with_name("launch.py")


@dataclass(frozen=True, slots=True)
class Owner:
    """The user that a child runs as."""

    uid: int
    gid: int


def spawn(
    command: Sequence[str],
    *,
    output: int | IO[bytes],
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    owner: Owner | None = None,
    death_signal: signal.Signals = signal.SIGKILL,
) -> subprocess.Popen[bytes]:
    """Start `command` with stdout and stderr going to `output`, and nothing on stdin.

    `death_signal` is what it gets when the calling *thread* ends without stopping it, so call
    this from the main thread.
    """
    launcher = [sys.executable, "-I", "-S", str(LAUNCH), str(int(death_signal)), str(os.getpid())]
    identity = [str(owner.uid), str(owner.gid)] if owner else ["-1", "-1"]
    return subprocess.Popen(
        [*launcher, *identity, *command],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=None if env is None else dict(env),
        cwd=cwd,
        start_new_session=True,
    )


def stop(
    process: subprocess.Popen[bytes],
    *,
    first: signal.Signals = signal.SIGTERM,
    grace_seconds: float = 10.0,
) -> int:
    """Ask `process` to end, wait, then kill whatever is left of its group. Returns its status."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(first)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(grace_seconds)
    kill(process)
    return process.returncode


def kill(process: subprocess.Popen[bytes]) -> None:
    """`kill -9` the whole group of `process`, and wait for it."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def tail(log: Path, lines: int = 8) -> str:
    """The last lines of a log, indented, to be shown below a message. Empty without a log."""
    try:
        text = log.read_text(errors="replace")
    except OSError:
        return ""
    return "\n".join(f"    {line}" for line in text.splitlines()[-lines:])
