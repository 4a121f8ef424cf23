"""Stripe's sandbox as an ASGI app and as a process of its own."""

from litestar import Litestar

from app.sandbox.server import build, refuse_in_production, serve
from app.sandbox.state import Config, State
from app.sandbox.store import Store
from app.sandbox.stripe import signing
from app.sandbox.stripe.api import Api
from app.sandbox.stripe.control import Control
from app.sandbox.stripe.pages import Pages
from app.sandbox.webhooks import Sender


def create_app(config: Config) -> Litestar:
    """The whole sandbox over one configuration.

    Raises:
        SystemExit: in production.
    """
    refuse_in_production()
    state = State(config)
    store = Store(state)
    api = Api(state, store)
    sender = Sender(state, store, signing.write)
    return build(api, sender, Control(api, sender), Pages(api).routes(), ["/v1/{rest:path}"])


def main(
    host: str = "127.0.0.1",
    port: int = 8420,
    data: str | None = None,
    webhook_url: str | None = None,
    webhook_secret: str = "whsec_sandbox",
    public_url: str | None = None,
    secret_key: str = "sk_test_sandbox",
    publishable_key: str = "pk_test_sandbox",
    log_level: str = "warning",
) -> None:
    """Serve until SIGINT or SIGTERM; see app.sandbox.server.serve.

    `data` names the SQLite file that keeps everything; None: memory.
    """

    def create(address: str) -> Litestar:
        return create_app(
            Config(
                secret_key=secret_key,
                publishable_key=publishable_key,
                public_url=(public_url or address).rstrip("/"),
                webhook_url=webhook_url,
                webhook_secret=webhook_secret,
                data=data,
            )
        )

    serve(create, host, port, log_level)
