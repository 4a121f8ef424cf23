"""The screenful that `make run` ends with, filled in from `welcome.txt`.

A free home and its price are asked of the API itself, so that what is pasted books it.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from secrets import token_hex
from string import Template

import httpx2
import msgspec

from app.dev.environment import Plan
from app.payments import choice
from db.enums import PaymentProvider

TEMPLATE = Path(__file__).with_name("welcome.txt")
AHEAD = timedelta(days=30)
NIGHTS = timedelta(days=3)
SEARCH = """
query ($checkIn: Date!, $checkOut: Date!) {
  searchProperties(
    filter: {checkIn: $checkIn, checkOut: $checkOut, guests: {adults: 2}, instantBook: true}
    first: 20
  ) { edges { node { id title } quote { total { amount currency } } } }
}
"""


class Money(msgspec.Struct):
    amount: int
    currency: str


class Quote(msgspec.Struct):
    total: Money


class Home(msgspec.Struct):
    id: str
    title: str


class Edge(msgspec.Struct):
    node: Home
    quote: Quote


class Found(msgspec.Struct):
    edges: list[Edge]


class Data(msgspec.Struct):
    search: Found = msgspec.field(name="searchProperties")


class Answer(msgspec.Struct):
    data: Data


def welcome(plan: Plan, env: Mapping[str, str], *, today: date, seconds: float) -> str:
    """The text for this run; a replaced part names what replaces it."""
    check_in = today + AHEAD
    check_out = check_in + NIGHTS
    edge = _free_home(plan.ports["PORT"], check_in, check_out)
    paystack = (
        plan.address("PAYSTACK_SANDBOX_PORT")
        if plan.has_paystack_sandbox
        else "https://api.paystack.co"
    )
    return Template(TEMPLATE.read_text()).substitute(
        seconds=f"{seconds:.0f}",
        api=plan.public_url,
        sandbox=plan.address("SANDBOX_PORT") if plan.has_sandbox else "https://api.stripe.com",
        paystack=paystack,
        mailbox=plan.address("MAILBOX_PORT") if plan.has_mailbox else "sent for real by SMTP_URL",
        publishable_key=env.get("STRIPE_PUBLISHABLE_KEY", ""),
        check_in=check_in,
        check_out=check_out,
        title=edge.node.title,
        property_id=edge.node.id,
        amount=edge.quote.total.amount,
        currency=edge.quote.total.currency,
        # A key of the run before would be answered with that run's booking.
        key=f"stay-{token_hex(4)}",
    )


def _free_home(port: int, check_in: date, check_out: date) -> Edge:
    """A home that Stripe takes the money of, or dots to fill in when none is found."""
    try:
        answer = httpx2.post(
            f"http://127.0.0.1:{port}/graphql",
            json={
                "query": SEARCH,
                "variables": {"checkIn": str(check_in), "checkOut": str(check_out)},
            },
            timeout=10,
            trust_env=False,
        )
        found = msgspec.json.decode(answer.content, type=Answer).data.search.edges
        stripes = [
            edge
            for edge in found
            if choice.pays_hosts_in(tuple(PaymentProvider), edge.quote.total.currency)
            is PaymentProvider.STRIPE
        ]
        return stripes[0]
    except (httpx2.HTTPError, msgspec.DecodeError, IndexError):
        return Edge(Home("…", "a home from the search"), Quote(Money(0, "EUR")))
