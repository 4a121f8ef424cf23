"""A person's stored files: removed before the rows that name them, so that none is forgotten."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import not_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.identity import pictures
from app.privacy.declaring import Part
from app.privacy.inventory import PARTS

PREFIX = "/media/"


async def own_files(connection: AsyncConnection, part: Part, person: UUID) -> set[str]:
    """The addresses of files on this server that the part's rows name, and nobody else's do.

    People may name any address: somebody else's file is not to go because of that.
    """
    named = _column(part)
    mine = {"person": person}
    found = await connection.execute(
        select(named).where(part.whose, named.startswith(PREFIX)), mine
    )
    own = set(found.scalars())
    for other in PARTS if own else ():
        if other.files is not None:
            named = _column(other)
            used = await connection.execute(
                select(named).where(named.in_(own), not_(other.whose)), mine
            )
            own -= set(used.scalars())
    # An uploaded picture has two files, and its address names one.
    return own | set(map(pictures.small, own))


def remove(folder: Path, addresses: Iterable[str]) -> None:
    """Remove files below the folder; what is gone already, or would lie outside, is passed by."""
    root = folder.resolve()
    for address in addresses:
        file = (root / address.removeprefix(PREFIX)).resolve()
        if file.is_relative_to(root) and file.is_file():
            file.unlink(missing_ok=True)


def _column(part: Part) -> Any:
    assert part.files is not None
    return getattr(part.model, part.files)
