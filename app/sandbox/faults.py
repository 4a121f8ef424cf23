"""Trouble on demand: replies that hang, get lost or are errors."""

from fnmatch import fnmatchcase
from typing import Literal

import msgspec


class Fault(msgspec.Struct, kw_only=True):
    """What shall go wrong for the next `times` requests that match.

    `when` tells whether it happens before the operation (which, unless the fault is `hang`, then
    never takes place) or after it (the work is done, only the reply suffers).
    """

    kind: Literal["hang", "drop", "error"]
    method: str = "*"
    # Matched against the path, with `*` for any run of characters.
    path: str = "*"
    times: int = 1
    seconds: float = 0.0
    status: int = 500
    when: Literal["before", "after"] | None = None

    @property
    def moment(self) -> str:
        """`drop` loses the reply of work that was done unless told otherwise."""
        return self.when or ("after" if self.kind == "drop" else "before")


class Faults:
    """The faults that wait for a request, oldest first."""

    def __init__(self) -> None:
        self.waiting: list[Fault] = []

    def take(self, method: str, path: str) -> Fault | None:
        """The fault for this request, counted down."""
        for fault in self.waiting:
            if fnmatchcase(method, fault.method) and fnmatchcase(path, fault.path):
                fault.times -= 1
                if fault.times <= 0:
                    self.waiting.remove(fault)
                return fault
        return None
