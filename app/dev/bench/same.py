"""Before anything is measured: the servers give the same answers, value by value."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from app.dev.bench.load import ask
from app.dev.bench.scenarios import Scenario
from app.dev.bench.services import BY_HAND, CORE, ENGINE, Served

# So many different requests of each kind.
COMPARED = 20


async def require_same(servers: Mapping[str, Served], scenario: Scenario) -> None:
    """Raises RuntimeError at the first value of `data` that differs, naming where it is.

    What is free to book changes with the hour, so answers that differ are asked for once more.
    """
    where = await _where_different(servers, scenario) and await _where_different(servers, scenario)
    if where:
        raise RuntimeError(f"{scenario.name}: {where}")


async def _where_different(servers: Mapping[str, Served], scenario: Scenario) -> str | None:
    truth = await _data(servers[CORE], scenario.requests)
    for name, requests in ((ENGINE, scenario.requests), (BY_HAND, scenario.by_hand)):
        for expected, found in zip(truth, await _data(servers[name], requests), strict=True):
            where = difference(expected, found)
            if where is not None:
                return f"{name} differs from {CORE} at {where}"
    return None


async def _data(server: Served, requests: Sequence[bytes]) -> list[Any]:
    bodies = await ask("127.0.0.1", server.port, requests[:COMPARED])
    return [msgspec.json.decode(body)["data"] for body in bodies]


def difference(expected: Any, found: Any, path: str = "data") -> str | None:
    """Where two JSON values differ first, and how; None when they are the same.

    Names must come in the same order, too.
    """
    if isinstance(expected, dict) and isinstance(found, dict) and list(expected) == list(found):
        pairs = [(f"{path}.{name}", expected[name], found[name]) for name in expected]
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        pairs = [
            (f"{path}[{at}]", *both) for at, both in enumerate(zip(expected, found, strict=True))
        ]
    else:
        leaf = not isinstance(expected, dict | list)
        same = leaf and type(expected) is type(found) and expected == found
        return None if same else f"{path}: {str(expected)[:200]} ≠ {str(found)[:200]}"
    for name, one, other in pairs:
        where = difference(one, other, name)
        if where is not None:
            return where
    return None
