"""A stay as a calendar invitation (RFC 5545, iTIP RFC 5546)."""

from datetime import UTC

from icalendar import Calendar, Event, vCalAddress, vText

from app.notifications.facts import Person, Stay
from app.notifications.formats import address, plain
from app.notifications.rules import Invitation


def calendar(
    method: Invitation, stay: Stay, recipient: Person, *, sequence: int, organizer: str
) -> bytes:
    """The invitation file for one side of a stay, from check-in instant to check-out instant.

    The UID is the booking's for good, and `sequence` its version: a calendar replaces or removes
    what it had. Names nobody but the recipient, as addresses are not for the other side.
    """
    event = Event()
    event.add("uid", f"booking-{stay.booking_id}@roost")
    event.add("sequence", sequence)
    event.add("dtstamp", stay.updated_at.astimezone(UTC))
    event.add("dtstart", stay.check_in_at.astimezone(UTC))
    event.add("dtend", stay.check_out_at.astimezone(UTC))
    event.add("summary", _summary(stay, recipient))
    if method is Invitation.REQUEST:
        event.add("location", address(stay))
    event.add("status", "CONFIRMED" if method is Invitation.REQUEST else "CANCELLED")
    event.add("transp", "OPAQUE" if recipient.id == stay.guest.id else "TRANSPARENT")
    event.add("organizer", _party(organizer, "Roost"))
    attendee = _party(recipient.email, plain(recipient.full_name))
    attendee.params["PARTSTAT"] = vText("ACCEPTED")
    attendee.params["RSVP"] = vText("FALSE")
    event.add("attendee", attendee)

    file = Calendar()
    file.add("prodid", "-//Roost//Bookings//EN")
    file.add("version", "2.0")
    file.add("method", method.value)
    file.add_component(event)
    content: bytes = file.to_ical()
    return content


def _summary(stay: Stay, recipient: Person) -> str:
    if recipient.id == stay.guest.id:
        return f"Stay at {plain(stay.title, 60)}"
    return f"{plain(stay.guest.full_name)} at {plain(stay.title, 60)}"


def _party(email: str, name: str) -> vCalAddress:
    party = vCalAddress(f"mailto:{email}")
    party.params["CN"] = vText(name)
    return party
