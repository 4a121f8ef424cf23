"""The declarative base, column types shared by the models, and the naming of constraints."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, MetaData, String, Text, Uuid
from sqlalchemy.orm import DeclarativeBase, mapped_column

# Every constraint has a name that a downgrade can drop it by. CHECKs give the last part by hand.
NAMING = {
    "pk": "%(table_name)s_pkey",
    "fk": "%(table_name)s_%(column_0_name)s_fkey",
    "uq": "%(table_name)s_%(column_0_N_name)s_key",
    "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    "ck": "%(table_name)s_%(constraint_name)s_check",
}

# The writer gives the id (app.ids): it needs it for events and provider keys before the insert.
Key = Annotated[UUID, mapped_column(Uuid, primary_key=True)]
Minor = Annotated[int, mapped_column(BigInteger)]
Currency = Annotated[str, mapped_column(String(3))]


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text,
        UUID: Uuid,
        datetime: DateTime(timezone=True),
    }


def one_of(column: str, kind: type[StrEnum]) -> CheckConstraint:
    """A text column holds one of an enumeration's values.

    Text and a check rather than a native enum: a value can be added inside a transaction and
    taken away again by a downgrade.
    """
    values = ", ".join(f"'{value}'" for value in kind)
    return CheckConstraint(f"{column} IN ({values})", name=column)
