"""What searches need besides the properties themselves."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, Index, Text, Uuid
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
