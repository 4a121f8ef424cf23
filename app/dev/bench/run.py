"""`app bench`: seed once, start everything, drive each scenario, print what it cost."""

import asyncio
import os
import platform
import subprocess
import sys
import time
from datetime import date
from importlib.metadata import version
from pathlib import Path

import msgspec
from sqlalchemy import text

from app import clock
from app.dev.bench.load import Job, Result
from app.dev.bench.scenarios import Scenario, scenarios
from app.dev.bench.services import Services
from app.dev.embedded import EmbeddedError
from db.session import Database

# A world grows old: its stays end, and the worker would complete them while we measure.
FRESH_DAYS = 2
SEED = 1
SETTLE_SECONDS = 120


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How large the world is, and how long and hard it is asked."""

    properties: int
    bookings: int
    seconds: float
    warm_up_seconds: float
    connections: int
    # Requests to book are made up beforehand: none is sent twice.
    most_bookings: int


FULL = Plan(
    properties=50_000,
    bookings=200_000,
    seconds=15,
    warm_up_seconds=4,
    connections=16,
    most_bookings=6_000,
)
QUICK = Plan(
    properties=300,
    bookings=1_500,
    seconds=1,
    warm_up_seconds=0.5,
    connections=4,
    most_bookings=200,
)


class World(msgspec.Struct, frozen=True):
    """What the kept database holds."""

    properties: int
    bookings: int
    made_on: date


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the table. Milliseconds; processor time per request."""

    name: str
    per_second: float
    api_cpu: float
    postgres_cpu: float
    p50: float
    p99: float
    alone_p50: float
    alone_p99: float
    requests: int
    errors: int
    sample: str | None


def run(root: Path, folder: Path, *, quick: bool) -> int:
    """Measure and print; the exit status is 1 if any request failed."""
    try:
        return asyncio.run(_run(Services(folder, root), QUICK if quick else FULL))
    except (EmbeddedError, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 1


async def _run(services: Services, plan: Plan) -> int:
    with services.databases():
        await _have_world(services, plan)
        busy = os.getloadavg()[0]
        with services.programs():
            db = Database(services.settings.database_url, statement_timeout_ms=60_000)
            try:
                rows = await _measure(services, plan, db)
                print(report(services, plan, rows, await _size(db), busy), flush=True)
            finally:
                await db.close()
    for row in rows:
        if row.sample:
            print(f"{row.name}: an answer that was not expected: {row.sample}", file=sys.stderr)
    return 1 if any(row.errors for row in rows) else 0


async def _have_world(services: Services, plan: Plan) -> None:
    """The world of an earlier run if it is the right one, else a new one."""
    marker = services.folder / "world.json"
    today = clock.now().date()
    try:
        kept = msgspec.json.decode(marker.read_bytes(), type=World)
    except (FileNotFoundError, msgspec.DecodeError):
        kept = None
    if (
        kept
        and (kept.properties, kept.bookings) == (plan.properties, plan.bookings)
        and (today - kept.made_on).days <= FRESH_DAYS
    ):
        return
    marker.unlink(missing_ok=True)
    await services.recreate_database()
    services.command("migrate")
    size = ["--properties", str(plan.properties), "--bookings", str(plan.bookings)]
    services.command("seed", *size, "--seed", str(SEED))
    marker.write_bytes(msgspec.json.encode(World(plan.properties, plan.bookings, today)))


async def _measure(services: Services, plan: Plan, db: Database) -> list[Row]:
    await _settled(db)
    rows = []
    for scenario in await scenarios(db, services.settings, services.api_url, plan.most_bookings):
        print(f"Measuring: {scenario.name}", flush=True)
        rows.append(await _row(services, plan, scenario))
    return rows


async def _row(services: Services, plan: Plan, scenario: Scenario) -> Row:
    warm, scenario = await _drive(services, scenario, plan.connections, plan.warm_up_seconds)
    alone, scenario = await _drive(services, scenario, 1, plan.seconds / 3)
    api, postgres = services.api_seconds(), services.postgres_seconds()
    busy, _ = await _drive(services, scenario, plan.connections, plan.seconds)
    api, postgres = services.api_seconds() - api, services.postgres_seconds() - postgres
    count = len(busy.milliseconds)
    each = max(1, count + busy.errors)
    return Row(
        name=scenario.name,
        per_second=count / busy.seconds,
        api_cpu=api * 1000 / each,
        postgres_cpu=postgres * 1000 / each,
        p50=percentile(busy.milliseconds, 0.5),
        p99=percentile(busy.milliseconds, 0.99),
        alone_p50=percentile(alone.milliseconds, 0.5),
        alone_p99=percentile(alone.milliseconds, 0.99),
        requests=count,
        errors=warm.errors + alone.errors + busy.errors,
        sample=busy.sample or alone.sample or warm.sample,
    )


async def _drive(
    services: Services, scenario: Scenario, connections: int, seconds: float
) -> tuple[Result, Scenario]:
    """One run of the load process; the scenario then lacks what may not be sent again."""
    job = Job(
        host="127.0.0.1",
        port=int(services.api_url.rsplit(":", 1)[1]),
        requests=scenario.requests,
        expected=scenario.expected,
        connections=connections,
        seconds=seconds,
        once=scenario.once,
        processor=services.others[-1] if services.others else None,
    )
    client = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "app.dev.bench.load",
        cwd=services.root,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    output, _ = await client.communicate(msgspec.msgpack.encode(job))
    if client.returncode:
        raise RuntimeError(f"the load process failed (status {client.returncode}): see above")
    result = msgspec.msgpack.decode(output, type=Result)
    if scenario.once:
        rest = scenario.requests[result.sent :]
        scenario = msgspec.structs.replace(scenario, requests=rest)
    return result, scenario


async def _settled(db: Database) -> None:
    """Wait until the worker has done what had become due since the world was made."""
    deadline = time.monotonic() + SETTLE_SECONDS
    due = text(
        "SELECT EXISTS (SELECT FROM outbox_messages WHERE done_at IS NULL AND dead_at IS NULL"
        " AND due_at < now()) OR EXISTS (SELECT FROM bookings WHERE deadline_at < now())"
    )
    async with db.read() as connection:
        while await connection.scalar(due):
            if time.monotonic() > deadline:
                raise RuntimeError("the worker does not get done with what is due")
            await asyncio.sleep(0.5)


async def _size(db: Database) -> str:
    async with db.read() as connection:
        row = (
            await connection.execute(
                text(
                    "SELECT (SELECT count(*) FROM properties), (SELECT count(*) FROM bookings),"
                    " (SELECT count(*) FROM users), (SELECT count(*) FROM reviews),"
                    " pg_size_pretty(pg_database_size(current_database())),"
                    " current_setting('server_version')"
                )
            )
        ).one()
    properties, bookings, users, reviews, bytes_, server = row
    return (
        f"{properties:,} properties, {bookings:,} bookings, {users:,} users, {reviews:,} reviews"
        f" ({bytes_}); PostgreSQL {server}"
    )


def percentile(values: list[float], share: float) -> float:
    """The value below which that share of the values lies (nearest rank); 0 of none."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def report(services: Services, plan: Plan, rows: list[Row], size: str, busy: float) -> str:
    """The table, and how it was measured."""
    head = (
        f"{'':<15}{'requests/s':>11}{'API CPU ms':>12}{'PG CPU ms':>11}{'p50 ms':>9}{'p99 ms':>9}"
        f"{'alone p50':>11}{'alone p99':>11}{'requests':>10}{'errors':>8}"
    )
    lines = [
        f"{row.name:<15}{row.per_second:>11.1f}{row.api_cpu:>12.2f}{row.postgres_cpu:>11.2f}"
        f"{row.p50:>9.1f}{row.p99:>9.1f}{row.alone_p50:>11.1f}{row.alone_p99:>11.1f}"
        f"{row.requests:>10,}{row.errors:>8}"
        for row in rows
    ]
    pinned = (
        f"API alone on processor {services.api_processor}; PostgreSQL, Redis, worker, sandbox and"
        f" client on {services.others}"
        if services.api_processor is not None
        else "one processor for all, the client too"
    )
    packages = ("litestar", "strawberry-graphql", "sqlalchemy", "asyncpg", "uvicorn")
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    load = (
        f"one API process; {plan.connections} keep-alive connections for {plan.seconds:g} s after"
        f" {plan.warm_up_seconds:g} s of warming up; alone: one for {plan.seconds / 3:.2g} s"
    )
    how = (
        f"World     {size}",
        f"Load      {load}",
        f"Where     {pinned}",
        f"Machine   {os.cpu_count()} processors, load average before the start {busy:.1f}",
        "CPU       user and system time of /proc/<pid>/stat during the run, per request",
        f"Versions  Python {platform.python_version()}, {versions}",
    )
    return "\n".join(["", head, *lines, "", *how, ""])
