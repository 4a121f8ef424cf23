"""Pictures as files below MEDIA_DIR, which is served under /media."""

import contextlib
import os
from pathlib import Path


def write(folder: Path, name: str, content: bytes) -> None:
    """Keep a file: whole or not at all, and there after a crash of the machine."""
    folder.mkdir(parents=True, exist_ok=True)
    # A leading dot is never served.
    draft = folder / f".{name}"
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(folder / name)


def remove(folder: Path, name: str) -> None:
    """Delete a file, and what a crash may have left of it; nothing if there is none."""
    for each in (folder / name, folder / f".{name}"):
        with contextlib.suppress(FileNotFoundError):
            each.unlink()
