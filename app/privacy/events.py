"""What happens to people's data, and what follows."""

from datetime import datetime
from uuid import UUID

from app.outbox import Event


class DataExportRequested(Event, frozen=True, kw_only=True):
    """Somebody wants to have what is held about them."""

    tasks = ("privacy.make_export",)
    export_id: UUID


class DataExportReady(Event, frozen=True, kw_only=True):
    """It lies there for them."""

    tasks = ("notifications.export_ready",)
    export_id: UUID


class DeletionScheduled(Event, frozen=True, kw_only=True):
    """Somebody is going; until `erased_from` they can think better of it."""

    tasks = ("notifications.deletion_scheduled",)
    user_id: UUID
    erased_from: datetime


class DeletionCancelled(Event, frozen=True, kw_only=True):
    """Somebody stays after all."""

    tasks = ("notifications.deletion_cancelled",)
    user_id: UUID
    change_id: UUID


class AccountErased(Event, frozen=True, kw_only=True):
    """Somebody has gone. Their address is here for one last mail, and nowhere else any more."""

    tasks = ("notifications.account_erased",)
    erased_id: UUID
    email: str
    first_name: str
