"""`python -m app.sandbox.paystack --port 8430`: the sandbox without the rest of the product."""

import click

from app.sandbox.paystack.server import main


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8430, show_default=True, help="0 takes a free one.")
@click.option("--data", help="SQLite file that keeps everything; without it, memory only.")
@click.option("--webhook-url", help="Where every event is sent.")
@click.option("--public-url", help="Where browsers reach the pages; by default the address.")
@click.option("--secret-key", default="sk_test_sandbox", show_default=True)
@click.option("--settle-seconds", default=0.5, show_default=True, help="Of refunds and transfers.")
@click.option("--log-level", default="warning", show_default=True)
def run(**options: object) -> None:
    """Run the Paystack-compatible payment sandbox."""
    main(**options)  # type: ignore[arg-type]


run()
