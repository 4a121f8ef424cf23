"""What runs where in development, and the environment that the processes get.

A variable that the developer has set always wins, and a real service replaces its stand-in:
SMTP_URL the mail catcher, STRIPE_SECRET_KEY and PAYSTACK_SECRET_KEY the payment sandboxes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from app.config import Environment, RateSource
from app.dev.checks import Problem
from app.dev.children import Child
from app.dev.secrets import DevSecrets

PORTS = {
    "PORT": 8000,
    "WORKER_PORT": 8001,
    "SANDBOX_PORT": 8010,
    "PAYSTACK_SANDBOX_PORT": 8011,
    "MAILBOX_PORT": 8025,
    "MAILBOX_SMTP_PORT": 1025,
}


@dataclass(frozen=True, slots=True)
class Plan:
    """Where each part listens. A part that a real service replaces has no port in `ports`."""

    host: str
    ports: Mapping[str, int]
    public_url: str

    @property
    def has_sandbox(self) -> bool:
        return "SANDBOX_PORT" in self.ports

    @property
    def has_paystack_sandbox(self) -> bool:
        return "PAYSTACK_SANDBOX_PORT" in self.ports

    @property
    def has_mailbox(self) -> bool:
        return "MAILBOX_PORT" in self.ports

    def address(self, variable: str) -> str:
        """The address of the part whose port `variable` names, as a browser here reaches it."""
        return f"http://localhost:{self.ports[variable]}"

    def stand_ins(self) -> list[Child]:
        """What stands in for the world outside. They run before the demo's past is written."""
        children = []
        if self.has_sandbox:
            children.append(Child("sandbox", ["sandbox"], self._health("SANDBOX_PORT")))
        if self.has_paystack_sandbox:
            health = self._health("PAYSTACK_SANDBOX_PORT")
            children.append(Child("paystack", ["paystack-sandbox"], health))
        if self.has_mailbox:
            children.append(Child("mailbox", ["mailbox"], self._health("MAILBOX_PORT")))
        return children

    def programs(self) -> list[Child]:
        """The product itself."""
        return [
            Child("api", ["serve"], self._health("PORT")),
            Child("worker", ["worker"], self._health("WORKER_PORT")),
        ]

    def _health(self, variable: str) -> str:
        return f"http://127.0.0.1:{self.ports[variable]}/health/ready"


def plan(environ: Mapping[str, str]) -> Plan:
    """Decide what to run and where. Raises Problem for a port that is none."""
    replaced = set()
    if environ.get("STRIPE_SECRET_KEY"):
        replaced |= {"SANDBOX_PORT"}
    if environ.get("PAYSTACK_SECRET_KEY"):
        replaced |= {"PAYSTACK_SANDBOX_PORT"}
    if environ.get("SMTP_URL"):
        replaced |= {"MAILBOX_PORT", "MAILBOX_SMTP_PORT"}
    ports = {
        name: _port(name, environ.get(name) or str(default))
        for name, default in PORTS.items()
        if name not in replaced
    }
    public_url = environ.get("PUBLIC_URL") or f"http://localhost:{ports['PORT']}"
    return Plan(environ.get("HOST") or "127.0.0.1", ports, public_url)


def _port(name: str, text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise Problem(f"{name}={text}: a port is a number from 1 to 65535.")
    return int(text)


def complete(
    environ: Mapping[str, str],
    plan: Plan,
    *,
    var: Path,
    secrets: DevSecrets,
    database_url: str,
    redis_url: str,
) -> dict[str, str]:
    """The environment of every process: what is set stays, what is missing gets filled in."""
    filled = {
        "ROOST_ENV": Environment.DEVELOPMENT.value,
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "HOST": plan.host,
        "PUBLIC_URL": plan.public_url,
        "MEDIA_DIR": str(var / "media"),
        "AUTH_SIGNING_KEYS": secrets.auth_signing_key,
        "EXCHANGE_RATES": RateSource.STATIC.value,
        "LOG_LEVEL": "WARNING",
        "PYTHONUNBUFFERED": "1",
        **{name: str(port) for name, port in plan.ports.items()},
    }
    if plan.has_sandbox:
        filled |= {
            "STRIPE_SECRET_KEY": secrets.stripe_secret_key,
            "STRIPE_PUBLISHABLE_KEY": secrets.stripe_publishable_key,
            "STRIPE_WEBHOOK_SECRETS": secrets.stripe_webhook_secret,
            "STRIPE_API_BASE": plan.address("SANDBOX_PORT"),
            "SANDBOX_DATA": str(var / "sandbox.sqlite3"),
            "SANDBOX_PUBLIC_URL": plan.address("SANDBOX_PORT"),
            "SANDBOX_WEBHOOK_URL": f"http://127.0.0.1:{plan.ports['PORT']}/webhooks/stripe",
        }
    if plan.has_paystack_sandbox:
        filled |= {
            "PAYSTACK_SECRET_KEY": secrets.paystack_secret_key,
            "PAYSTACK_API_BASE": plan.address("PAYSTACK_SANDBOX_PORT"),
            "PAYSTACK_SANDBOX_DATA": str(var / "paystack.sqlite3"),
            "PAYSTACK_SANDBOX_PUBLIC_URL": plan.address("PAYSTACK_SANDBOX_PORT"),
            "PAYSTACK_SANDBOX_WEBHOOK_URL": (
                f"http://127.0.0.1:{plan.ports['PORT']}/webhooks/paystack"
            ),
        }
    if plan.has_mailbox:
        filled |= {
            "SMTP_URL": f"smtp://127.0.0.1:{plan.ports['MAILBOX_SMTP_PORT']}",
            "MAILBOX_DIR": str(var / "mailbox"),
        }
    return {**environ, **{name: value for name, value in filled.items() if not environ.get(name)}}
