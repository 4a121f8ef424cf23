"""What searches need besides the properties themselves."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Index, Integer, Text, Uuid, func
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Key


class SearchList(Base):
    """What a search by price found, in its order, for the pages after the first.

    Written without a log: after a crash of the server it is empty, and people search again.
    """

    __tablename__ = "search_lists"
    __table_args__ = (Index(None, "made_at"), {"prefixes": ["UNLOGGED"]})

    id: Mapped[Key]
    property_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    made_at: Mapped[datetime]


class SearchChange(Base):
    """Where on the map something has changed that searches show, and by which transaction.

    Filled by triggers on the tables that searches read (app.search.cache), and soon forgotten.
    """

    __tablename__ = "search_changes"

    # An xid8, which has no type here.
    changed_in: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    # Of the finest level.
    map_cell: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())


class SearchWord(Base):
    """A word that a published place uses, or has used: what slips of the keyboard may have meant.

    Filled by a trigger on properties.
    """

    __tablename__ = "search_words"
    __table_args__ = (
        Index(
            "search_words_trigrams_idx",
            "word",
            postgresql_using="gin",
            postgresql_ops={"word": "gin_trgm_ops"},
        ),
    )

    word: Mapped[str] = mapped_column(Text(collation="C"), primary_key=True)
