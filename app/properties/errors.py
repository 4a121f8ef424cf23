"""Refusals about properties."""

from collections.abc import Sequence

from app.errors import DomainError, Forbidden
from app.properties.rules import Missing


class HostRequired(Forbidden):
    """The caller has not become a host yet."""

    code = "HOST_REQUIRED"

    def __init__(self) -> None:
        super().__init__("Become a host first.")


class StaleVersion(DomainError):
    """The property was edited since the caller read it; `current_version` is what it has now."""

    code = "STALE_VERSION"

    def __init__(self, current_version: int) -> None:
        super().__init__("Somebody has changed this place in the meantime. Look at it again.")
        self.current_version = current_version


class PropertyNotBookable(DomainError):
    """The property is not there, not published, or suspended."""

    code = "PROPERTY_NOT_BOOKABLE"

    def __init__(self, message: str = "This place takes no bookings.") -> None:
        super().__init__(message)


class PropertyIncomplete(DomainError):
    """A property cannot be published before all that is `missing` is filled in."""

    code = "PROPERTY_INCOMPLETE"

    def __init__(self, missing: Sequence[Missing]) -> None:
        fields = ", ".join(each.field for each in missing)
        super().__init__(f"Before it can be published: {fields}.")
        self.missing = tuple(missing)
