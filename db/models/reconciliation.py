"""What payment providers have and we have not, or otherwise: walks through their lists, and what
was found."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Currency, Key, Minor, one_of
from db.enums import (
    DifferenceKind,
    DifferenceResolution,
    DifferenceSubject,
    PaymentProvider,
    ReconciliationStep,
)


class Reconciliation(Base):
    """One walk through a provider's lists of a window; whoever comes next goes on where it is."""

    __tablename__ = "reconciliations"
    __table_args__ = (
        one_of("provider", PaymentProvider),
        one_of("step", ReconciliationStep),
        CheckConstraint("since < until", name="window"),
        CheckConstraint("(step = 'DONE') = (finished_at IS NOT NULL)", name="finished"),
        Index(
            "reconciliations_running_key",
            "provider",
            unique=True,
            postgresql_where=text("finished_at IS NULL"),
        ),
        Index(None, "provider", "until"),
    )

    id: Mapped[Key]
    provider: Mapped[str]
    since: Mapped[datetime]
    until: Mapped[datetime]
    step: Mapped[str]
    # Where in the step: the provider's own cursor, or the last of our rows.
    cursor: Mapped[str | None]
    # How many objects were compared.
    looked_at: Mapped[int] = mapped_column(server_default="0")
    # Until then nobody else walks.
    claimed_until: Mapped[datetime | None]
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]


class Sighting(Base):
    """A row of ours that a walk has met at the provider. Forgotten when the walk is done."""

    __tablename__ = "sightings"
    __table_args__ = (one_of("subject", DifferenceSubject),)

    reconciliation_id: Mapped[UUID] = mapped_column(
        ForeignKey("reconciliations.id", ondelete="CASCADE"), primary_key=True
    )
    subject: Mapped[str] = mapped_column(primary_key=True)
    # A payment, refund, payout or dispute, as the subject says.
    object_id: Mapped[UUID] = mapped_column(primary_key=True)


class Difference(Base):
    """What a provider and we say otherwise of one object, with the facts of both."""

    __tablename__ = "differences"
    __table_args__ = (
        one_of("provider", PaymentProvider),
        one_of("subject", DifferenceSubject),
        one_of("kind", DifferenceKind),
        one_of("resolution", DifferenceResolution),
        CheckConstraint("(resolution IS NULL) = (resolved_at IS NULL)", name="resolved"),
        CheckConstraint("(released_at IS NULL) = (release_reason IS NULL)", name="released"),
        # One open difference per object and currency, however often it is met.
        Index(
            "differences_open_key",
            "provider",
            "subject",
            "key",
            "currency",
            unique=True,
            postgresql_where=text("resolved_at IS NULL"),
        ),
        Index(None, "provider", "subject", "key"),
    )

    id: Mapped[Key]
    provider: Mapped[str]
    subject: Mapped[str]
    kind: Mapped[str]
    # The provider's id of the object; of one that it does not have, ours; of a balance, nothing.
    key: Mapped[str]
    # Our payment, refund, payout or dispute, where there is one.
    object_id: Mapped[UUID | None]
    currency: Mapped[Currency]
    # What both say of it, in words: status, amount, ids.
    ours: Mapped[str]
    theirs: Mapped[str]
    # What it has changed in what the provider holds for us: by the ledger, and by the provider.
    ours_minor: Mapped[Minor]
    theirs_minor: Mapped[Minor]
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
    resolution: Mapped[str | None]
    # A member of staff lets payouts go on in spite of it; see the staff's trail for who.
    released_at: Mapped[datetime | None]
    release_reason: Mapped[str | None]
    # An unknown charge is given back: what is to be sent, and what the provider has made of it.
    return_minor: Mapped[Minor] = mapped_column(server_default="0")
    provider_refund_id: Mapped[str | None]
    claimed_until: Mapped[datetime | None]
    failure_code: Mapped[str | None]
