"""`make run` as a process, for tests."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import psutil

from app.dev.environment import PORTS
from tests.support.ports import free_port
from tests.support.postgres import ROOT

STAND_IN = """
import http.server, os, sys
port = {"serve": "PORT", "worker": "WORKER_PORT", "sandbox": "SANDBOX_PORT",
        "mailbox": "MAILBOX_PORT", "paystack-sandbox": "PAYSTACK_SANDBOX_PORT"}.get(sys.argv[1])
print("hello from", sys.argv[1], flush=True)
if sys.argv[1] == os.environ.get("FAILS"):
    sys.exit("no such luck")
if port:
    class Health(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
        def log_message(self, *arguments):
            pass
    http.server.HTTPServer(("127.0.0.1", int(os.environ[port])), Health).serve_forever()
"""
START = "import sys, pathlib; from app.dev.supervisor import run; sys.exit(run(pathlib.Path.cwd()))"


class Session:
    """One `make run` in a folder of its own, on free ports.

    With `stand_ins`, the programs that it starts are stand-ins that answer their health check,
    found before the real `app` because they lie in the working folder.
    """

    def __init__(self, folder: Path, env: Mapping[str, str], *, stand_ins: bool = True) -> None:
        self.folder = folder
        self.env = {name: value for name, value in os.environ.items() if name != "MAKELEVEL"}
        self.env |= {name: str(free_port()) for name in PORTS}
        for name in (
            "DATABASE_URL",
            "REDIS_URL",
            "SMTP_URL",
            "STRIPE_SECRET_KEY",
            "PAYSTACK_SECRET_KEY",
        ):
            self.env.pop(name, None)
        self.env |= env
        self.process: subprocess.Popen[str] | None = None
        self.output = folder / "output.txt"
        if stand_ins:
            package = folder / "app"
            package.mkdir(exist_ok=True)
            (package / "__init__.py").touch()
            (package / "__main__.py").write_text(STAND_IN)

    def start(self) -> None:
        # -P and the path: the supervisor is the real one, only its children find the stand-in.
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-c", START],
                cwd=self.folder,
                env=self.env | {"PYTHONPATH": str(ROOT)},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                text=True,
            )

    def started(self, seconds: float = 30) -> list[psutil.Process]:
        """Start, wait for the screenful, and return every process below the supervisor."""
        self.start()
        assert self.process is not None
        deadline = time.monotonic() + seconds
        while "Roost is ready" not in self.text:
            assert self.process.poll() is None, self.text
            assert time.monotonic() < deadline, self.text
            time.sleep(0.05)
        below: list[psutil.Process] = psutil.Process(self.process.pid).children(recursive=True)
        return below

    def send(self, number: signal.Signals) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(30)

    def failed(self) -> str:
        """Start, expect it to give up, and return what it said."""
        self.start()
        assert self.process is not None
        assert self.process.wait(30) == 1, self.text
        assert "Traceback" not in self.text
        return self.text

    def end(self) -> None:
        """Whatever happened, nothing is left of it."""
        if self.process and self.process.poll() is None:
            left = psutil.Process(self.process.pid).children(recursive=True)
            self.send(signal.SIGTERM)
            psutil.wait_procs(left, timeout=10)

    @property
    def text(self) -> str:
        return self.output.read_text()


def gone(processes: list[psutil.Process]) -> bool:
    """Whether all of them end within ten seconds."""
    return not psutil.wait_procs(processes, timeout=10)[1]
