"""Lists, search and `expand[]`, alike for every kind of object."""

import copy
import re
from collections.abc import Iterable
from typing import Any

from app.sandbox.state import Obj, State
from app.sandbox.stripe.errors import invalid, missing
from app.sandbox.stripe.params import Params

_PAGING = ("limit", "starting_after", "ending_before", "created")
_BOUNDS = {
    "gt": lambda value, bound: value > bound,
    "gte": lambda value, bound: value >= bound,
    "lt": lambda value, bound: value < bound,
    "lte": lambda value, bound: value <= bound,
}
_KINDS = {
    "pi": "payment_intent",
    "pm": "payment_method",
    "ch": "charge",
    "txn": "balance_transaction",
    "re": "refund",
    "tr": "transfer",
    "trr": "transfer_reversal",
    "acct": "account",
    "dp": "dispute",
}
_CLAUSE = re.compile(
    r"""\s*(?:metadata\[["'](?P<key>[^"']+)["']\]|(?P<field>status|currency|amount|created))
        \s*(?P<operator>[:<>]=?)\s*(?:"(?P<text>[^"]*)"|'(?P<text2>[^']*)'|(?P<number>\d+))\s*""",
    re.VERBOSE,
)


def page(
    state: State,
    kind: str,
    params: Params,
    url: str,
    filters: Iterable[str] = (),
    rows: Iterable[Obj] | None = None,
) -> Obj:
    """One page of a table, newest first, as Stripe cuts and filters it."""
    filters = tuple(filters)
    params.only(*_PAGING, *filters)
    limit = params.positive("limit", maximum=100) or 10
    wanted = {name: value for name in filters if (value := params.string(name)) is not None}
    created = _created(params)
    after, before = params.string("starting_after"), params.string("ending_before")
    for cursor, name in ((after, "starting_after"), (before, "ending_before")):
        if cursor is not None and state.get(kind, cursor) is None:
            raise missing(kind, cursor, name, 400)
    ordered = state.table(kind).values() if rows is None else list(rows)
    walk: Iterable[Obj] = ordered if before is not None else reversed(ordered)
    cursor, started = before or after, (before or after) is None
    found: list[Obj] = []
    for row in walk:
        if started and _matches(row, wanted) and all(test(row["created"]) for test in created):
            found.append(row)
            if len(found) > limit:
                break
        started = started or row["id"] == cursor
    data = found[:limit]
    if before is not None:
        data.reverse()
    return {"object": "list", "data": data, "has_more": len(found) > limit, "url": url}


def _matches(row: Obj, wanted: dict[str, str]) -> bool:
    return all(row.get(name) == value for name, value in wanted.items())


def _created(params: Params) -> list[Any]:
    if params.is_text("created"):
        exact = params.integer("created")
        return [lambda value: value == exact]
    bounds = params.nested("created")
    bounds.only(*_BOUNDS)
    tests = []
    for name in bounds.names():
        bound = bounds.integer(name) or 0
        tests.append(lambda value, compare=_BOUNDS[name], bound=bound: compare(value, bound))
    return tests


def search(state: State, kind: str, params: Params, url: str) -> Obj:
    """Stripe's search, as far as clauses joined by AND go; unlike Stripe's it is never late.

    Understands `metadata['key']:'value'`, `status:'…'`, `currency:'…'`, `amount` and `created`
    with `:`, `<`, `>`, `<=`, `>=`.
    """
    params.only("query", "limit", "page")
    limit = params.positive("limit", maximum=100) or 10
    start = params.integer("page") or 0
    clauses = _parse(params.required("query"))
    found = [
        row
        for row in reversed(state.table(kind).values())
        if all(_holds(row, clause) for clause in clauses)
    ]
    more = len(found) > start + limit
    return {
        "object": "search_result",
        "data": found[start : start + limit],
        "has_more": more,
        "next_page": str(start + limit) if more else None,
        "url": url,
    }


def _parse(query: str) -> list[dict[str, str | None]]:
    clauses = []
    for part in re.split(r"\s+AND\s+", query):
        match = _CLAUSE.fullmatch(part)
        if match is None:
            message = f"We were unable to parse your search query: {part}"
            raise invalid(message, param="query")
        clauses.append(match.groupdict())
    return clauses


def _holds(row: Obj, clause: dict[str, str | None]) -> bool:
    name, text = clause["field"], clause["text"] or clause["text2"] or clause["number"] or ""
    if name is None:
        return bool(row["metadata"].get(clause["key"]) == text)
    value = row[name]
    if isinstance(value, int):
        if not text.isdigit():
            return False
        compare = {">": "gt", ">=": "gte", "<": "lt", "<=": "lte"}.get(clause["operator"] or "")
        return _BOUNDS[compare](value, int(text)) if compare else value == int(text)
    return bool(value == text)


def expand(state: State, answer: Obj, paths: list[str]) -> Obj:
    """`answer` with the ids at the given paths (`data.latest_charge`) replaced by their objects."""
    if not paths:
        return answer
    answer = copy.deepcopy(answer)
    for path in paths:
        steps = path.split(".")
        if len(steps) > 4:
            message = "You cannot expand more than 4 levels of a property."
            raise invalid(message, param="expand")
        _expand(state, answer, steps, path)
    return answer


def _expand(state: State, node: Any, steps: list[str], path: str) -> None:
    if isinstance(node, list):
        for item in node:
            _expand(state, item, steps, path)
        return
    if not steps or node is None:
        return
    step, rest = steps[0], steps[1:]
    if not isinstance(node, dict) or not _expandable(node, step):
        raise invalid(f"This property cannot be expanded ({path}).", param="expand")
    value = node.get(step)
    if node.get("object") == "charge" and step == "refunds":
        value = node[step] = _refunds(state, node)
    elif isinstance(value, str):
        value = node[step] = copy.deepcopy(_lookup(state, value))
    _expand(state, value, rest, path)


def _expandable(node: Obj, step: str) -> bool:
    if node.get("object") == "charge" and step == "refunds":
        return True
    value = node.get(step, False)
    if isinstance(value, str):
        return value.partition("_")[0] in _KINDS and step != "id"
    return value is None or isinstance(value, dict | list)


def _lookup(state: State, object_id: str) -> Any:
    # What the sandbox has no object for (a transfer's `destination_payment`) stays an id.
    return state.get(_KINDS[object_id.partition("_")[0]], object_id) or object_id


def _refunds(state: State, charge: Obj) -> Obj:
    made = [row for row in state.table("refund").values() if row["charge"] == charge["id"]]
    return {
        "object": "list",
        "data": copy.deepcopy(made[::-1]),
        "has_more": False,
        "url": f"/v1/charges/{charge['id']}/refunds",
    }
