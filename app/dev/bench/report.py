"""What was measured, as a person reads it."""

import os
import platform
from collections.abc import Sequence
from importlib.metadata import version

import msgspec

from app.dev.bench.services import BY_HAND, CORE, ENGINE, Services


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How large the world is, and how long and hard it is asked."""

    properties: int
    bookings: int
    seconds: float
    warm_up_seconds: float
    connections: int
    # Requests to book are made up beforehand: none is sent twice.
    most_bookings: int


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the table. Milliseconds; processor time per request."""

    name: str
    # Which of the servers answered.
    way: str
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


def percentile(values: list[float], share: float) -> float:
    """The value below which that share of the values lies (nearest rank); 0 of none."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def report(services: Services, plan: Plan, rows: Sequence[Row], size: str, busy: float) -> str:
    """The table, the ratios, and how it was measured."""
    return "\n".join(
        ["", *_table(rows), "", *_ratios(rows), "", *_how(services, plan, size, busy), ""]
    )


def _table(rows: Sequence[Row]) -> list[str]:
    head = (
        f"{'':<29}{'requests/s':>11}{'API CPU ms':>12}{'PG CPU ms':>11}{'p50 ms':>9}{'p99 ms':>9}"
        f"{'alone p50':>11}{'alone p99':>11}{'requests':>10}{'errors':>8}"
    )
    return [
        head,
        *(
            f"{row.name:<17}{row.way:<12}{row.per_second:>11.1f}{row.api_cpu:>12.2f}"
            f"{row.postgres_cpu:>11.2f}{row.p50:>9.1f}{row.p99:>9.1f}{row.alone_p50:>11.1f}"
            f"{row.alone_p99:>11.1f}{row.requests:>10,}{row.errors:>8}"
            for row in rows
        ),
    ]


def _ratios(rows: Sequence[Row]) -> list[str]:
    """How many times as much as by hand: processor time of the API, and time alone."""
    by_name: dict[str, dict[str, Row]] = {}
    for row in rows:
        by_name.setdefault(row.name, {})[row.way] = row
    head = f"{'÷ by hand':<17}{'engine CPU':>12}{'alone p50':>11}{'graphql-core CPU':>18}"
    lines = [f"{head}{'alone p50':>11}"]
    for name, ways in by_name.items():
        if BY_HAND in ways:
            engine, core, limit = ways[ENGINE], ways[CORE], ways[BY_HAND]
            lines.append(
                f"{name:<17}{_times(engine.api_cpu, limit.api_cpu):>12}"
                f"{_times(engine.alone_p50, limit.alone_p50):>11}"
                f"{_times(core.api_cpu, limit.api_cpu):>18}"
                f"{_times(core.alone_p50, limit.alone_p50):>11}"
            )
    return lines


def _times(much: float, little: float) -> str:
    return f"{much / little:.2f}×" if little else "–"


def _how(services: Services, plan: Plan, size: str, busy: float) -> list[str]:
    where = (
        f"the measured server alone on processor {services.api_processor}; PostgreSQL, Redis,"
        f" worker, sandbox and client on {services.others}"
        if services.api_processor is not None
        else "one processor for all, the client too"
    )
    packages = ("litestar", "strawberry-graphql", "sqlalchemy", "asyncpg", "uvicorn")
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    load = (
        f"one process each; {plan.connections} keep-alive connections (250 x 50: 2) for"
        f" {plan.seconds:g} s after {plan.warm_up_seconds:g} s of warming up; alone: one for"
        f" {plan.seconds / 3:.2g} s"
    )
    return [
        f"World     {size}",
        "Same      every page's answers were compared, value by value, before it was measured",
        f"Load      {load}",
        f"Where     {where}",
        f"Machine   {os.cpu_count()} processors, load average before the start {busy:.1f}",
        "CPU       user and system time of /proc/<pid>/stat during the run, per request",
        f"Versions  Python {platform.python_version()}, {versions}",
    ]
