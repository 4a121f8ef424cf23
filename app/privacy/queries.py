"""Reading exports."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec
from sqlalchemy import bindparam, select

from db import rows
from db.models import DataExport
from db.statements import Reader, Statement

# One a day, for as long as they last: more than there can be by default.
MAX_EXPORTS = 10


class DataExportStatus(StrEnum):
    """Where an export is in its life; one that has expired is not there any more."""

    REQUESTED = "REQUESTED"
    READY = "READY"


class DataExportRow(msgspec.Struct, frozen=True):
    """An export, without what is in it."""

    id: UUID
    user_id: UUID
    requested_at: datetime
    ready_at: datetime | None
    expires_at: datetime

    @property
    def status(self) -> DataExportStatus:
        return DataExportStatus.REQUESTED if self.ready_at is None else DataExportStatus.READY


_EXPORTS = rows.ByKey(DataExport.id, DataExportRow)
_EXPORTS_OF = Statement(
    DataExportRow,
    lambda: (
        select(*rows.columns(DataExport, DataExportRow))
        .where(DataExport.user_id == bindparam("user_id"), DataExport.expires_at > bindparam("now"))
        .order_by(DataExport.id.desc())
        .limit(MAX_EXPORTS)
    ),
)


async def exports(reader: Reader, ids: Sequence[UUID]) -> Mapping[UUID, DataExportRow]:
    """Exports by id."""
    return await _EXPORTS.one(reader, ids)


async def exports_of(reader: Reader, user_id: UUID, now: datetime) -> list[DataExportRow]:
    """Somebody's exports that have not expired, the newest first."""
    return await _EXPORTS_OF.fetch(reader, user_id=user_id, now=now)
