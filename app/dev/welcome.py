"""The screenful that `make run` ends with, filled in from `welcome.txt`."""

from collections.abc import Mapping
from pathlib import Path
from string import Template

from app.dev.environment import Plan

TEMPLATE = Path(__file__).with_name("welcome.txt")


def welcome(plan: Plan, env: Mapping[str, str], *, seconds: float) -> str:
    """The text for this run; a replaced part names what replaces it."""
    return Template(TEMPLATE.read_text()).substitute(
        seconds=f"{seconds:.0f}",
        api=plan.public_url,
        sandbox=plan.address("SANDBOX_PORT") if plan.has_sandbox else "https://api.stripe.com",
        mailbox=plan.address("MAILBOX_PORT") if plan.has_mailbox else "sent for real by SMTP_URL",
        publishable_key=env.get("STRIPE_PUBLISHABLE_KEY", ""),
    )
