"""`app bench --scales`: the same searches in a world of 50,000 and in one of 1,000,000 properties.

Both worlds lie in one PostgreSQL server, and each search is sent to one right after the other, so
that what else the machine does is there for both. Made once, and kept: the larger one takes its
time. `--plans` writes docs/plans anew.
"""

import asyncio
import os
import sys
import time
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import asyncpg
import msgspec

from app import clock
from app.dev.bench.report import percentile
from app.dev.bench.searches import KINDS, Search, make, rates
from app.dev.bench.services import Services
from app.dev.embedded import EmbeddedError
from app.properties.terms import Fees, fees_of
from app.search import counts, pages
from db.session import Database

SMALL, LARGE = 50_000, 1_000_000
QUICK = (300, 600)
# Bookings lie up to 180 days ahead of the day on which a world was made.
FRESH_DAYS = 30
PAGE = 20
SEARCHES, ROUNDS = 30, 2
LONGEST_LINE = 200
# Whose plans are kept.
HOT = (
    "city, dates",
    "city, no dates",
    "map box, dates",
    "everywhere, dates",
    "city, cheapest first",
    "map box, cheapest first",
)


class Scale(msgspec.Struct, frozen=True):
    """A world of some size, and how it is searched."""

    properties: int
    db: Database
    fees: Fees
    now: datetime

    async def ask(self, search: Search) -> float:
        """How many milliseconds a search takes, with quotes where it has dates."""
        known = rates(self.now.date())
        began = time.perf_counter()
        if search.counted:
            await counts.count(self.db, search.filter, self.now, self.fees, known)
        else:
            await pages.search(
                self.db,
                search.filter,
                search.sort,
                PAGE,
                None,
                self.now,
                self.fees,
                priced=True,
                rates=known,
            )
        return (time.perf_counter() - began) * 1_000


def run(root: Path, folder: Path, *, quick: bool, plans: Path | None) -> int:
    """Measure and print, or write plans into a folder; the exit status is 1 if that failed."""
    try:
        asyncio.run(_run(Services(folder, root), QUICK if quick else (SMALL, LARGE), quick, plans))
    except (EmbeddedError, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


async def _run(services: Services, sizes: Sequence[int], quick: bool, plans: Path | None) -> None:
    with services.databases():
        for size in sizes:
            await _have_world(services, size)
        scales = [_scale(services, size) for size in sizes]
        try:
            if plans is None:
                await _measure(scales, *((2, 1) if quick else (SEARCHES, ROUNDS)))
            else:
                await _write_plans(scales, plans)
        finally:
            for scale in scales:
                await scale.db.close()


def _scale(services: Services, size: int) -> Scale:
    # One connection; what takes long shall be seen rather than cut short.
    url = services.url(_name(size))
    db = Database(url, pool_size=1, statement_timeout_ms=120_000)
    return Scale(size, db, fees_of(services.settings), clock.now())


def _name(size: int) -> str:
    return f"scale_{size}"


async def _have_world(services: Services, size: int) -> None:
    """The world of an earlier run if it is fresh enough, else a new one."""
    marker, name = services.folder / f"{_name(size)}.json", _name(size)
    today = clock.now().date()
    try:
        made_on = msgspec.json.decode(marker.read_bytes(), type=date)
    except (FileNotFoundError, msgspec.DecodeError):
        made_on = None
    if made_on is None or (today - made_on).days > FRESH_DAYS:
        marker.unlink(missing_ok=True)
        await services.recreate_database(name)
        services.command("migrate", database=name)
        much = ["--properties", str(size), "--bookings", str(size)]
        services.command("seed", *much, database=name)
        marker.write_bytes(msgspec.json.encode(today))
    else:
        # It may have been made by an older release.
        services.command("migrate", database=name)
    connection = await asyncpg.connect(services.url(name), command_timeout=None)
    try:
        # As autovacuum would have done by now: indexes alone can then be read.
        await connection.execute("VACUUM (ANALYZE) properties")
    finally:
        await connection.close()


async def _measure(scales: Sequence[Scale], searches: int, rounds: int) -> None:
    small, large = (f"{scale.properties:,}" for scale in scales)
    print(f"Milliseconds; load average before the start {os.getloadavg()[0]:.1f}\n")
    print(f"{'':<28}{small:>14}{'':>8}{large:>14}{'':>8}")
    print(f"{'':<28}{'p50':>8}{'p95':>8}{'p50':>14}{'p95':>8}{'p95 ratio':>12}", flush=True)
    for name, maker in KINDS.items():
        asked = make(maker, searches, scales[0].now.date())
        taken: list[list[float]] = [[] for _ in scales]
        # The first round warms up.
        for round_ in range(rounds + 1):
            for search in asked:
                for scale, times in zip(scales, taken, strict=True):
                    milliseconds = await scale.ask(search)
                    if round_:
                        times.append(milliseconds)
        cells = [percentile(times, share) for times in taken for share in (0.5, 0.95)]
        print(
            f"{name:<28}{cells[0]:>8.1f}{cells[1]:>8.1f}{cells[2]:>14.1f}{cells[3]:>8.1f}"
            f"{cells[3] / cells[1]:>11.2f}×",
            flush=True,
        )
    print(
        f"\n{searches} different searches of each kind, {rounds} times, after once to warm up;"
        f" pages of {PAGE}; one connection"
    )


async def _write_plans(scales: Sequence[Scale], folder: Path) -> None:
    """EXPLAIN of the first search of each hot kind, at each scale, into a file of its own."""
    for name in HOT:
        [search] = make(KINDS[name], 1, scales[0].now.date())
        for scale in scales:
            file = folder / f"{_file(name)}-{scale.properties}.txt"
            file.write_text(await _plan(scale, search))
            print(file, flush=True)


def _file(name: str) -> str:
    words = "".join(each if each.isalnum() else " " for each in name)
    return "-".join(words.split())


async def _plan(scale: Scale, search: Search) -> str:
    sent: list[tuple[str, Sequence[Any]]] = []
    fetch = scale.db.reads.fetch

    async def watched(sql: str, arguments: Sequence[Any]) -> list[Any]:
        sent.append((sql, arguments))
        return await fetch(sql, arguments)

    scale.db.reads.fetch = watched  # type: ignore[method-assign]
    try:
        for _ in range(2):
            await scale.ask(search)
    finally:
        scale.db.reads.fetch = fetch  # type: ignore[method-assign]
    sql, arguments = sent[-1]
    lines = await fetch(f"EXPLAIN (ANALYZE, BUFFERS) {sql}", arguments)
    return "".join(f"{line[0][:LONGEST_LINE].rstrip()}\n" for line in lines)
