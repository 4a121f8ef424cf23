"""The real processes, each as `make run` or a deployment starts it, for whole-flow tests:

    stack = Stack(settings, tmp_path)
    await stack.start("sandbox", "api", "worker")
    ... stack.api.url ... stack.worker.kill() ... await stack.worker.start()
    stack.stop()

The fixture `stack` does the last step. Every process that is started is a child with a process
group of its own, so `kill` is a true `kill -9` of one of them.
"""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx2
import msgspec

from app.config import AMOUNTS, Settings
from app.dev import process
from tests.support.ports import free_port

ROOT = Path(__file__).resolve().parent.parent.parent
READY_SECONDS = 30.0


def environment(settings: Settings) -> dict[str, str]:
    """The variables from which `app.config.load` reads these settings."""
    values: dict[str, Any] = msgspec.to_builtins(settings, enc_hook=str)
    joined = {
        name: ("" if name == "auth_signing_keys" else ",").join(value)
        for name, value in values.items()
        if isinstance(value, list | tuple)
    } | {
        name: ",".join(f"{currency}={amount}" for currency, amount in values[name].items())
        for name in AMOUNTS
    }
    return {
        name.upper(): str(value) for name, value in (values | joined).items() if value is not None
    }


class Process:
    """`app <command>` on a port of its own. The log goes on when it is started again."""

    def __init__(self, command: str, port: int, env: Mapping[str, str], log: Path) -> None:
        self.command = command
        self.port = port
        self.env = dict(env)
        self.log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None, f"{self.command} was never started"
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    async def start(self) -> None:
        """Start it, and return when it is ready. AssertionError with its log if it never is."""
        self.launch()
        await self.wait_ready()

    def launch(self) -> None:
        """Start it without waiting."""
        assert not self.running, f"{self.command} runs already"
        with self.log.open("ab") as output:
            self._process = process.spawn(
                [sys.executable, "-m", "app", self.command],
                output=output,
                env=os.environ | self.env,
                cwd=ROOT,
            )

    async def wait_ready(self, seconds: float = READY_SECONDS) -> None:
        """Wait until GET /health/ready answers 200."""
        deadline = time.monotonic() + seconds
        async with httpx2.AsyncClient(trust_env=False, timeout=5) as client:
            while True:
                assert self.running, f"{self.command} ended:\n{self.logs()}"
                try:
                    answer = await client.get(f"{self.url}/health/ready")
                    if answer.status_code == httpx2.codes.OK:
                        return
                except httpx2.TransportError:
                    pass
                assert time.monotonic() < deadline, f"{self.command} not ready:\n{self.logs()}"
                await asyncio.sleep(0.05)

    def stop(self) -> int:
        """End it as a deployment does, by SIGTERM. Returns its exit status."""
        return process.stop(self._process, grace_seconds=25) if self._process else 0

    def kill(self) -> None:
        """`kill -9`, its whole group."""
        if self._process:
            process.kill(self._process)

    async def restart(self) -> None:
        """Stop it, and start it again on the same port."""
        self.stop()
        await self.start()

    def logs(self) -> str:
        """Everything that it has printed so far."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""


class Stack:
    """API, worker, payment sandbox and mail catcher on free ports that know of each other.

    `settings` are those that API and worker get; change them before the first start. With a
    `paystack_secret_key`, there is Paystack's sandbox, too: start it by its name, `paystack`.
    """

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.folder = folder
        self.processes: list[Process] = []
        ports = {name: free_port() for name in ("api", "worker", "sandbox", "mailbox", "smtp")}
        self.settings = msgspec.structs.replace(
            settings,
            host="127.0.0.1",
            port=ports["api"],
            worker_port=ports["worker"],
            public_url=f"http://127.0.0.1:{ports['api']}",
            stripe_api_base=f"http://127.0.0.1:{ports['sandbox']}",
            smtp_url=f"smtp://127.0.0.1:{ports['smtp']}",
        )
        if settings.paystack_secret_key:
            ports["paystack"] = free_port()
            address = f"http://127.0.0.1:{ports['paystack']}"
            self.settings = msgspec.structs.replace(self.settings, paystack_api_base=address)
        env = environment(self.settings)
        self.api = self._process("api", "serve", ports["api"], env)
        self.worker = self._process("worker", "worker", ports["worker"], env)
        self.sandbox = self._process(
            "sandbox",
            "sandbox",
            ports["sandbox"],
            env
            | {
                "SANDBOX_PORT": str(ports["sandbox"]),
                "SANDBOX_DATA": str(folder / "sandbox.sqlite3"),
                "SANDBOX_WEBHOOK_URL": f"{self.api.url}/webhooks/stripe",
            },
        )
        if settings.paystack_secret_key:
            self.paystack = self._process(
                "paystack",
                "paystack-sandbox",
                ports["paystack"],
                env
                | {
                    "PAYSTACK_SANDBOX_PORT": str(ports["paystack"]),
                    "PAYSTACK_SANDBOX_WEBHOOK_URL": f"{self.api.url}/webhooks/paystack",
                },
            )
        self.mailbox = self._process(
            "mailbox",
            "mailbox",
            ports["mailbox"],
            {
                "HOST": "127.0.0.1",
                "MAILBOX_PORT": str(ports["mailbox"]),
                "MAILBOX_SMTP_PORT": str(ports["smtp"]),
                "MAILBOX_DIR": str(folder / "mailbox"),
            },
        )

    def _process(self, name: str, command: str, port: int, env: Mapping[str, str]) -> Process:
        made = Process(command, port, env, self.folder / f"{name}.log")
        self.processes.append(made)
        return made

    async def start(self, *names: str) -> None:
        """Start those of api, worker, sandbox and mailbox at once (all, unless named)."""
        chosen: list[Process] = [
            getattr(self, name) for name in names or ("sandbox", "mailbox", "api", "worker")
        ]
        for one in chosen:
            one.launch()
        for one in chosen:
            await one.wait_ready()

    async def another_api(self) -> Process:
        """A second API process on the same database and Redis, started."""
        port = free_port()
        number = len(self.processes)
        settings = msgspec.structs.replace(self.settings, port=port)
        made = self._process(f"api{number}", "serve", port, environment(settings))
        await made.start()
        return made

    def stop(self) -> None:
        """End whatever runs, at once: what must survive that is what the tests are about."""
        for one in self.processes:
            one.kill()
