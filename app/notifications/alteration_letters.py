"""The words of letters about other dates or guests for a stay that is booked."""

from app.money import printed
from app.notifications.facts import Alteration, Stay
from app.notifications.formats import clock, days, moment, party, plain
from app.notifications.letters import Button, Letter, Links, Quote, Row
from db.enums import BookingActor


def proposed(alteration: Alteration, stay: Stay, links: Links) -> Letter:
    """The other side wants something else: answer."""
    by_guest = alteration.proposed_by is BookingActor.GUEST
    name = plain((stay.guest if by_guest else stay.host).first_name)
    return Letter(
        kind="alteration_proposed",
        subject=f"{name} would like to change {days(stay.check_in, stay.check_out)}",
        heading=f"{name} proposes a change",
        paragraphs=(
            f"Please accept or decline until {moment(alteration.expires_at, stay)}.",
            "Until then, and if you decline, the booking stays as it is.",
        ),
        details=_compared(alteration, stay),
        amounts=_amounts(alteration, stay, to_guest=not by_guest),
        quote=Quote(name, alteration.message) if alteration.message else None,
        button=_booking(stay, links, "Answer"),
    )


def to_pay(alteration: Alteration, stay: Stay, links: Links) -> Letter:
    """Both agree: the guest pays the difference."""
    return Letter(
        kind="alteration_to_pay",
        subject=f"Pay now to change your stay at {_title(stay)}",
        heading="You both agree",
        paragraphs=(
            "The change holds as soon as the difference is paid.",
            f"You have time until {moment(alteration.expires_at, stay)}.",
            "After that the booking stays as it was.",
        ),
        details=_compared(alteration, stay),
        amounts=_amounts(alteration, stay, to_guest=True),
        button=Button("Pay now", stay.pay_url)
        if stay.pay_url
        else _booking(stay, links, "Pay now"),
    )


def accepted(alteration: Alteration, stay: Stay, links: Links, *, to_guest: bool) -> Letter:
    """The booking is another one now."""
    return Letter(
        kind="alteration_accepted_guest" if to_guest else "alteration_accepted_host",
        subject=f"Changed: {_title(stay)}, {days(alteration.check_in, alteration.check_out)}",
        heading="Your booking has changed" if to_guest else "The booking has changed",
        paragraphs=(
            "The attached invitation moves the stay in your calendar.",
            *([_settled(alteration)] if to_guest else []),
        ),
        details=_compared(alteration, stay),
        amounts=_amounts(alteration, stay, to_guest=to_guest),
        button=_booking(stay, links, "See the booking"),
    )


def declined(alteration: Alteration, stay: Stay, links: Links) -> Letter:
    """The other side said no."""
    by_guest = alteration.proposed_by is BookingActor.GUEST
    name = plain((stay.host if by_guest else stay.guest).first_name)
    return Letter(
        kind="alteration_declined",
        subject=f"{name} declined the change of {days(stay.check_in, stay.check_out)}",
        heading=f"{name} says no",
        paragraphs=("The booking stays as it was.", *_not_charged(alteration, to_guest=by_guest)),
        details=_compared(alteration, stay),
        quote=Quote(name, alteration.reason) if alteration.reason else None,
        button=_booking(stay, links, "See the booking"),
    )


def withdrawn(alteration: Alteration, stay: Stay, links: Links) -> Letter:
    """Who wanted it has thought better of it, or who was to pay."""
    name = plain((stay.guest if alteration.by is BookingActor.GUEST else stay.host).first_name)
    return Letter(
        kind="alteration_withdrawn",
        subject=f"No change of {days(stay.check_in, stay.check_out)}",
        heading=f"{name} has taken the change back",
        paragraphs=("The booking stays as it was.",),
        details=_compared(alteration, stay),
        button=_booking(stay, links, "See the booking"),
    )


def expired(alteration: Alteration, stay: Stay, links: Links, *, to_guest: bool) -> Letter:
    """Nobody answered or paid in time."""
    return Letter(
        kind="alteration_expired_guest" if to_guest else "alteration_expired_host",
        subject=f"No change of {days(stay.check_in, stay.check_out)}",
        heading="The change has expired",
        paragraphs=(
            "It was not answered or paid in time: the booking stays as it was.",
            *_not_charged(alteration, to_guest=to_guest),
        ),
        details=_compared(alteration, stay),
        button=_booking(stay, links, "See the booking"),
    )


def _title(stay: Stay) -> str:
    return plain(stay.title, 60)


def _booking(stay: Stay, links: Links, label: str) -> Button | None:
    return links.button(label, f"/bookings/{stay.booking_id}")


def _compared(alteration: Alteration, stay: Stay) -> tuple[Row, ...]:
    return (
        Row("Place", _title(stay)),
        Row("Check-in", clock(alteration.check_in_at, stay)),
        Row("Check-out", clock(alteration.check_out_at, stay)),
        Row("Guests", party(alteration)),
        Row("Instead of", days(alteration.previous.check_in, alteration.previous.check_out)),
    )


def _amounts(alteration: Alteration, stay: Stay, *, to_guest: bool) -> tuple[Row, ...]:
    if not to_guest:
        host = alteration.host_difference_minor
        label = "You earn less" if host < 0 else "You earn more"
        return (Row(label, printed(abs(host), stay.currency), is_strong=True),)
    difference = alteration.difference_minor
    label = "You get back" if difference < 0 else "You pay more"
    return (
        Row("New total", printed(alteration.total_minor, stay.currency)),
        Row(label, printed(abs(difference), stay.currency), is_strong=True),
    )


def _settled(alteration: Alteration) -> str:
    if alteration.difference_minor < 0:
        return (
            "What you get back goes the way you paid, and arrives within five to ten working days."
        )
    return "The difference is paid." if alteration.difference_minor else "The price is the same."


def _not_charged(alteration: Alteration, *, to_guest: bool) -> tuple[str, ...]:
    if not to_guest or alteration.difference_minor <= 0:
        return ()
    return ("If your bank had reserved the difference, it is free again within a few days.",)
