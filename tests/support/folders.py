"""Where the tests' servers keep their data: in memory, if there is room.

A database for each test is some six hundred files, made and deleted. On a disk that is most of
the time of a test that uses a database; in memory it is a tenth of that.
"""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MEMORY = Path("/dev/shm")
# A whole run needs a fifth of it: a few databases of 10 MB, and the log of what they wrote.
ROOM = 2 * 1024**3
# A folder is held right after it is made; a younger one may not be held yet.
YOUNG_SECONDS = 60


@contextmanager
def folder_open_to_all() -> Iterator[Path]:
    """A temporary folder that other users can enter: root runs PostgreSQL as one."""
    with tempfile.TemporaryDirectory(prefix="roost-test-", dir=fast_folder()) as name:
        folder = Path(name)
        folder.chmod(0o711)
        with held(folder):
            yield folder


def fast_folder(memory: Path = MEMORY) -> Path | None:
    """The folder in memory, or None (the usual temporary folder) without one or room in it.

    What killed runs have left in it is deleted first.
    """
    if not os.access(memory, os.W_OK | os.X_OK):
        return None
    for left in memory.glob("roost-test-*"):
        if _abandoned(left):
            shutil.rmtree(left, ignore_errors=True)
    return memory if shutil.disk_usage(memory).free >= ROOM else None


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold the folder until the end, or until this process is gone.

    BlockingIOError if another holds it.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def _abandoned(folder: Path) -> bool:
    try:
        if time.time() - folder.stat().st_mtime < YOUNG_SECONDS:
            return False
        with held(folder):
            return True
    except OSError:  # held, another user's, or gone by now
        return False
