"""Paystack's sandbox as an ASGI app and as a process of its own."""

from litestar import Litestar

from app.sandbox.paystack import charges, events, refunds, transfers
from app.sandbox.paystack.api import Api
from app.sandbox.paystack.control import Control
from app.sandbox.paystack.later import Clockwork
from app.sandbox.paystack.pages import Pages
from app.sandbox.paystack.routes import PREFIXES
from app.sandbox.server import build, refuse_in_production, serve
from app.sandbox.state import Config, State
from app.sandbox.store import Store
from app.sandbox.webhooks import Sender

STEPS = {
    "phone": charges.answer_by_itself,
    "refund": refunds.settle,
    "transfer": transfers.settle,
}
_PATHS = [path for prefix in PREFIXES for path in (prefix, f"{prefix}/{{rest:path}}")]


def create_app(config: Config) -> Litestar:
    """The whole sandbox over one configuration.

    Raises:
        SystemExit: in production.
    """
    refuse_in_production()
    state = State(config)
    store = Store(state)
    api = Api(state, store)
    sender = Sender(state, store, events.write)
    clockwork = Clockwork(state, store, STEPS)
    control = Control(api, sender, clockwork)
    return build(api, sender, control, Pages(api).routes(), _PATHS, clockwork.run)


def main(
    host: str = "127.0.0.1",
    port: int = 8430,
    data: str | None = None,
    webhook_url: str | None = None,
    public_url: str | None = None,
    secret_key: str = "sk_test_sandbox",
    settle_seconds: float = 0.5,
    log_level: str = "warning",
) -> None:
    """Serve until SIGINT or SIGTERM; see app.sandbox.server.serve.

    `data` names the SQLite file that keeps everything; None: memory.
    """

    def create(address: str) -> Litestar:
        return create_app(
            Config(
                secret_key=secret_key,
                public_url=(public_url or address).rstrip("/"),
                webhook_url=webhook_url,
                data=data,
                settle_seconds=settle_seconds,
            )
        )

    serve(create, host, port, log_level)
