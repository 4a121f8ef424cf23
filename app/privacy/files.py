"""A person's stored files: removed before the rows that name them, so that none is forgotten."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import not_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.identity import pictures
from app.privacy.declaring import Part
from app.privacy.inventory import PARTS
from app.properties.photos import files as photos
from app.storage import PREFIX, key_of


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
    # What was uploaded has several files, and its address names one.
    views = {PREFIX + key for each in own for key in photos.keys(each)}
    originals = {PREFIX + photos.original(each) for each in own if photos.keys(each)}
    return own | set(map(pictures.small, own)) | views | originals


def keys(addresses: Iterable[str]) -> list[str]:
    """The files of these addresses, by the storage's keys."""
    return [key for each in addresses if (key := key_of(each)) is not None]


def _column(part: Part) -> Any:
    assert part.files is not None
    return getattr(part.model, part.files)
