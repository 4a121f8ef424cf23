"""The commands. Each imports what it needs when it runs, so that `app --help` is instant and a
production image needs nothing of `app.dev` and `app.sandbox`.
"""

import difflib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

if TYPE_CHECKING:
    from app.config import Settings

ROOT = Path(__file__).resolve().parent.parent
SCHEMA_FILE = ROOT / "schema.graphql"


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Roost: the backend of a short-stay marketplace."""


@main.command()
def dev() -> None:
    """Start everything on this machine, from the database to the mail catcher."""
    from app.dev.supervisor import run

    sys.exit(run(ROOT))


@main.command()
def serve() -> None:
    """Serve the API."""
    from app.config import SettingsError
    from app.http import server
    from app.main import create_app

    settings = load_settings()
    try:
        app = create_app(settings)
    except SettingsError as error:
        fail(str(error), status=2)
    server.serve(app, settings)


@main.command()
def worker() -> None:
    """Run jobs: the outbox relay, tasks and the schedule."""
    from app.config import SettingsError
    from jobs.worker import run

    settings = load_settings()
    try:
        run(settings)
    except SettingsError as error:
        fail(str(error), status=2)


@main.command()
@click.argument("revision", default="head")
def migrate(revision: str) -> None:
    """Bring the database up to REVISION. Needs DATABASE_URL only."""
    from migrations.runner import upgrade

    upgrade(database_url(), revision)


@main.command()
@click.argument("revision")
def downgrade(revision: str) -> None:
    """Take the database down to REVISION (`base` empties it). Needs DATABASE_URL only."""
    from migrations import runner

    runner.downgrade(database_url(), revision)


@main.command()
@click.argument("email")
@click.argument("role", type=click.Choice(["USER", "SUPPORT", "ADMIN"]))
@click.option("--reason", default="On the command line.", help="For the staff's trail.")
def grant_role(email: str, role: str, reason: str) -> None:
    """Make whoever has EMAIL staff, or not any more: how there comes to be a first admin."""
    import asyncio

    from app import clock
    from app.actor import Role
    from app.errors import DomainError
    from app.identity import desk
    from app.runtime import open_runtime

    settings = load_settings()

    async def grant() -> None:
        async with open_runtime(settings) as runtime:
            await runtime.db.run(
                lambda session: desk.grant(session, email, Role(role), reason, clock.now())
            )

    try:
        asyncio.run(grant())
    except DomainError as refusal:
        fail(refusal.message, status=1)
    click.echo(f"{email} is {role} now, and has to sign in again.")


@main.command()
def reconcile() -> None:
    """Compare the books with every payment provider now. Exit status 1 if they differ."""
    import asyncio

    from app import clock
    from app.payments.errors import ProviderUnavailable
    from app.reconciliation import flows, queries
    from app.runtime import open_runtime

    settings = load_settings()

    async def compare() -> list[str]:
        async with open_runtime(settings) as runtime:
            await flows.reconcile(runtime.db, runtime.providers, clock.now())
            async with runtime.db.read() as connection:
                return await queries.told(connection)

    try:
        lines = asyncio.run(compare())
    except ProviderUnavailable as error:
        fail(f"A provider does not answer: {error}", status=2)
    for line in lines:
        click.echo(line)
    if lines:
        fail(f"{len(lines)} difference(s).", status=1)
    click.echo("The books and the providers agree.")


@main.command()
@click.option("--demo", is_flag=True, help="The small world of `make run`; nothing if not empty.")
@click.option("--properties", type=click.IntRange(1), help="How many properties to make.")
@click.option("--bookings", type=click.IntRange(0), default=0, show_default=True)
@click.option("--users", type=click.IntRange(2), help="By default as many as go with the rest.")
@click.option("--seed", type=int, default=1, show_default=True, help="Same seed, same world.")
def seed(demo: bool, properties: int | None, bookings: int, users: int | None, seed: int) -> None:
    """Fill the database: a believable demo, or a large world to measure on."""
    if demo == (properties is not None):
        raise click.UsageError("Give either --demo or --properties.")
    settings = load_settings()
    if properties is None:
        from app.dev.seed import demo as demo_world

        demo_world.run(settings)
    else:
        from app.dev.seed import world

        world.run(settings, properties=properties, bookings=bookings, users=users, seed=seed)


@main.command()
@click.option("--quick", is_flag=True, help="A small world for a second each: shows that it works.")
@click.option("--scales", is_flag=True, help="Searches at 50,000 and at 1,000,000 properties.")
@click.option("--plans", is_flag=True, help="Write how PostgreSQL runs these into docs/plans.")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the servers' data is kept; by default below var/bench.",
)
def bench(quick: bool, scales: bool, plans: bool, folder: Path | None) -> None:
    """Measure the hot paths on a large world, with servers of its own."""
    name = "scales" if scales or plans else "large"
    name = f"{name}-quick" if quick else name
    folder = (folder or ROOT / "var" / "bench" / name).absolute()
    if scales or plans:
        from app.dev.bench import scales as two

        kept = ROOT / "docs" / "plans" if plans else None
        sys.exit(two.run(ROOT, folder, quick=quick, plans=kept))
    from app.dev.bench.run import run

    sys.exit(run(ROOT, folder, quick=quick))


@main.group()
def schema() -> None:
    """The GraphQL contract, schema.graphql."""


@schema.command()
@click.option("--output", type=click.Path(path_type=Path), default=SCHEMA_FILE)
def export(output: Path) -> None:
    """Write what the code says to schema.graphql."""
    from schema.build import sdl

    output.write_text(sdl())


@schema.command()
def check() -> None:
    """Fail with a diff if schema.graphql is not what the code says."""
    from schema.build import sdl

    committed = SCHEMA_FILE.read_text() if SCHEMA_FILE.exists() else ""
    if difference := list(
        difflib.unified_diff(
            committed.splitlines(keepends=True),
            sdl().splitlines(keepends=True),
            "schema.graphql (committed)",
            "schema.graphql (as the code has it)",
        )
    ):
        click.echo("".join(difference))
        fail("schema.graphql and the code differ: `make schema` writes the code's view.", status=1)


@schema.command()
@click.argument("old", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("new", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def breaking(old: Path, new: Path) -> None:
    """Compare two schema files; exit 1 if NEW breaks clients of OLD."""
    from graphql import build_schema
    from graphql.utilities import BreakingChange, find_schema_changes

    changes = find_schema_changes(build_schema(old.read_text()), build_schema(new.read_text()))
    found = 0
    for change in changes:
        is_breaking = isinstance(change, BreakingChange)
        found += is_breaking
        click.echo(f"{'BREAKING' if is_breaking else 'ok':<9}{change.description}")
    if found:
        fail(f"{found} breaking change(s).", status=1)


@main.command()
@click.option("--host", envvar="HOST", default="127.0.0.1", show_default=True)
@click.option("--port", envvar="SANDBOX_PORT", default=8010, show_default=True)
@click.option("--public-url", envvar="SANDBOX_PUBLIC_URL", help="Where browsers reach it.")
@click.option("--data", envvar="SANDBOX_DATA", help="A file that keeps everything.")
@click.option("--webhook-url", envvar="SANDBOX_WEBHOOK_URL", help="Where events are sent.")
def sandbox(
    host: str, port: int, public_url: str | None, data: str | None, webhook_url: str | None
) -> None:
    """Run the Stripe-compatible payment sandbox, with the keys that the API has."""
    from app.sandbox.stripe.server import main as run

    run(
        host=host,
        port=port,
        public_url=public_url or None,
        data=data or None,
        webhook_url=webhook_url or None,
        webhook_secret=os.environ.get("STRIPE_WEBHOOK_SECRETS", "whsec_sandbox").split(",")[0],
        secret_key=os.environ.get("STRIPE_SECRET_KEY", "sk_test_sandbox"),
        publishable_key=os.environ.get("STRIPE_PUBLISHABLE_KEY", "pk_test_sandbox"),
    )


@main.command("paystack-sandbox")
@click.option("--host", envvar="HOST", default="127.0.0.1", show_default=True)
@click.option("--port", envvar="PAYSTACK_SANDBOX_PORT", default=8011, show_default=True)
@click.option("--public-url", envvar="PAYSTACK_SANDBOX_PUBLIC_URL", help="Where browsers reach it.")
@click.option("--data", envvar="PAYSTACK_SANDBOX_DATA", help="A file that keeps everything.")
@click.option("--webhook-url", envvar="PAYSTACK_SANDBOX_WEBHOOK_URL", help="Where events are sent.")
def paystack_sandbox(
    host: str, port: int, public_url: str | None, data: str | None, webhook_url: str | None
) -> None:
    """Run the Paystack-compatible payment sandbox, with the key that the API has."""
    from app.sandbox.paystack.server import main as run

    run(
        host=host,
        port=port,
        public_url=public_url or None,
        data=data or None,
        webhook_url=webhook_url or None,
        secret_key=os.environ.get("PAYSTACK_SECRET_KEY", "sk_test_sandbox"),
    )


@main.command()
def mailbox() -> None:
    """Run the mail catcher: SMTP in, web page and JSON out."""
    from app.dev.mailbox import run

    run()


def load_settings() -> "Settings":
    """The settings; without them, one line on stderr and exit status 2."""
    from app.config import SettingsError, load

    try:
        return load()
    except SettingsError as error:
        fail(str(error), status=2)


def database_url() -> str:
    """DATABASE_URL alone, for commands that a one-shot container runs with nothing else set."""
    url = os.environ.get("DATABASE_URL")
    if not url and (path := os.environ.get("DATABASE_URL_FILE")):
        url = Path(path).read_text().strip()
    if not url:
        fail("DATABASE_URL is not set; see the settings table in README.md", status=2)
    return url


def fail(message: str, *, status: int) -> NoReturn:
    """End the program with one line on stderr."""
    click.echo(message, err=True)
    sys.exit(status)
