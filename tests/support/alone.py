"""A few tests need the machine for themselves: other processes that test this checkout wait."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def machine(folder: Path, *, alone: bool) -> Iterator[None]:
    """Run a test beside others, or while no other process that uses the folder has one under way.

    Everybody passes the door, and then is in the room; who wants the room alone keeps the door
    shut while the others leave it, so that they cannot go on coming in.
    """
    with (folder / "door").open("w") as door, (folder / "room").open("w") as room:
        fcntl.flock(door, fcntl.LOCK_EX)
        fcntl.flock(room, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        if not alone:
            fcntl.flock(door, fcntl.LOCK_UN)
        yield
