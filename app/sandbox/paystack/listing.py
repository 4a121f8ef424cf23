"""Lists: newest first, page by page."""

from collections.abc import Callable, Iterable
from typing import Any

from app.sandbox.paystack.errors import invalid
from app.sandbox.paystack.params import Page
from app.sandbox.state import Obj

_LARGEST = 100


def page(
    rows: Iterable[Obj], params: Page, show: Callable[[Obj], Obj], **filters: object
) -> tuple[list[Obj], Obj]:
    """One page of rows, shown, and what Paystack says about the list; None filters nothing."""
    if not 1 <= params.size <= _LARGEST or params.page < 1:
        raise invalid("Invalid page or perPage", "invalid_page")
    found = [row for row in reversed(list(rows)) if _matches(row, params, filters)]
    start = (params.page - 1) * params.size
    meta: dict[str, Any] = {
        "total": len(found),
        "skipped": start,
        "perPage": params.size,
        "page": params.page,
        "pageCount": -(-len(found) // params.size),
    }
    return [show(row) for row in found[start : start + params.size]], meta


def _matches(row: Obj, params: Page, filters: dict[str, object]) -> bool:
    if params.since is not None and row["created"] < params.since.timestamp():
        return False
    if params.until is not None and row["created"] > params.until.timestamp():
        return False
    return all(wanted is None or row[name] == wanted for name, wanted in filters.items())
