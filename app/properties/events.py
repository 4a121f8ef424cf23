"""What happens to properties, and to those who host them."""

from typing import ClassVar
from uuid import UUID

from app.outbox import Event


class PhotoUploaded(Event, frozen=True, kw_only=True):
    """A file has been sent that is to become a photo."""

    tasks: ClassVar[tuple[str, ...]] = ("properties.make_photo",)

    upload_id: UUID


class PhotoDeleted(Event, frozen=True, kw_only=True):
    """A property no longer shows a photo."""

    tasks: ClassVar[tuple[str, ...]] = ("properties.drop_unused_photo",)

    url: str


class CoHostInvited(Event, frozen=True, kw_only=True):
    """An invitation is to be mailed. Only the worker finds out to whom, and in which words."""

    tasks: ClassVar[tuple[str, ...]] = ("notifications.invite_co_host",)

    co_host_id: UUID


class CoHostJoined(Event, frozen=True, kw_only=True):
    """Somebody has accepted an invitation."""

    tasks: ClassVar[tuple[str, ...]] = ("notifications.co_host_joined",)

    co_host_id: UUID
