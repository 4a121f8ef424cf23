"""The words of every letter about a stay.

What each side may know follows section 8 of the domain rules: the guest gets the exact address
with the confirmation, and until then the two know each other's first names only.
"""

import re

from app.money import printed
from app.notifications.facts import Person, Stay
from app.notifications.formats import (
    address,
    clock,
    count,
    days,
    moment,
    party,
    place,
    plain,
)
from app.notifications.letters import Button, Letter, Links, Quote, Row
from db.enums import BookingActor, BookingStatus, CancellationPolicy

# What a host may not be reached by before the booking is confirmed.
CONTACTS = re.compile(
    r"https?://\S+|www\.\S+|[^\s@]+@[\w-]+(?:\.[\w-]+)+|\b[\w-]+\.(?:com|net|org|io|me)\b\S*"
    r"|\+?\d(?:[\s().-]{0,2}\d){6,}",
    re.IGNORECASE,
)
LONGEST_MESSAGE = 1_500

POLICIES = {
    CancellationPolicy.FLEXIBLE: "free until 24 hours before check-in",
    CancellationPolicy.MODERATE: "free until 5 days before check-in",
    CancellationPolicy.LIMITED: "free until 14 days before check-in, half until 7 days before",
    CancellationPolicy.FIRM: "free until 30 days before check-in, half until 7 days before",
    CancellationPolicy.STRICT: "half until 7 days before check-in",
}


def requested_guest(stay: Stay, links: Links) -> Letter:
    """Your request is with the host."""
    host = plain(stay.host.first_name)
    until = f" until {moment(stay.deadline_at, stay)}" if stay.deadline_at else ""
    return Letter(
        kind="booking_requested_guest",
        subject=f"Your request for {_title(stay)} has been sent",
        heading=f"{host} has your request",
        paragraphs=(
            f"{host} has time{until} to answer. The nights are kept for you meanwhile.",
            _nothing_charged_yet(stay),
        ),
        details=_details(stay),
        amounts=_price(stay),
        button=_booking(stay, links, "See your request"),
    )


def requested_host(stay: Stay, links: Links) -> Letter:
    """Somebody asks for a stay: answer."""
    guest = plain(stay.guest.first_name)
    until = f"until {moment(stay.deadline_at, stay)}" if stay.deadline_at else "soon"
    return Letter(
        kind="booking_requested_host",
        subject=f"{guest} would like to stay at {_title(stay)}",
        heading=f"{guest} asks for {count(_nights(stay), 'night')}",
        paragraphs=(f"Please accept or decline {until}; after that the request expires.",),
        details=_details(stay),
        amounts=_earnings(stay),
        quote=_said(stay.guest, _masked(stay.message)),
        button=_booking(stay, links, "Answer the request"),
    )


def accepted(stay: Stay, links: Links) -> Letter:
    """The host said yes: pay now."""
    host = plain(stay.host.first_name)
    until = f"until {moment(stay.deadline_at, stay)}" if stay.deadline_at else "soon"
    pay = Button("Pay now", stay.pay_url) if stay.pay_url else _booking(stay, links, "Pay now")
    return Letter(
        kind="booking_accepted",
        subject=f"{host} accepted: pay now to confirm {_title(stay)}",
        heading=f"{host} says yes",
        paragraphs=(
            f"Your stay is confirmed as soon as it is paid. The nights are kept for you {until}.",
        ),
        details=_details(stay),
        amounts=_price(stay),
        button=pay,
    )


def confirmed_guest(stay: Stay, links: Links) -> Letter:
    """The stay is booked. With the exact address."""
    return Letter(
        kind="booking_confirmed_guest",
        subject=f"Confirmed: {_title(stay)}, {days(stay.check_in, stay.check_out)}",
        heading=f"Your stay in {plain(stay.city)} is confirmed",
        paragraphs=(
            (
                f"{plain(stay.host.full_name)} is expecting you. The attached invitation puts the "
                "stay into your calendar."
            ),
        ),
        details=(
            *_details(stay),
            Row("Address", address(stay)),
            Row("Host", plain(stay.host.full_name)),
            Row("Cancellation", POLICIES[stay.cancellation_policy]),
        ),
        amounts=_price(stay, "Paid" if stay.captured_minor else "Total"),
        button=_booking(stay, links, "See your booking"),
        note="Times are those of the place where you stay.",
    )


def confirmed_host(stay: Stay, links: Links) -> Letter:
    """Somebody is coming."""
    guest = plain(stay.guest.full_name)
    return Letter(
        kind="booking_confirmed_host",
        subject=f"Confirmed: {guest}, {days(stay.check_in, stay.check_out)}",
        heading=f"{guest} is coming to {_title(stay)}",
        paragraphs=(
            (
                "The booking is paid and the nights are taken in your calendar. The attached "
                "invitation puts the stay into your own."
            ),
        ),
        details=(*_details(stay), Row("Guest", guest)),
        amounts=_earnings(stay),
        quote=_said(stay.guest, stay.message),
        button=_booking(stay, links, "See the booking"),
        note="Your earnings are sent to your payout account 24 hours after check-in.",
    )


def declined(stay: Stay, links: Links) -> Letter:
    """The host said no."""
    host = plain(stay.host.first_name)
    return Letter(
        kind="booking_declined",
        subject=f"Your request for {_title(stay)} was declined",
        heading=f"{host} cannot host you this time",
        paragraphs=(
            (
                "We are sorry. You have not been charged; if your bank had reserved the amount, it "
                "is free again within a few days."
            ),
        ),
        details=_details(stay),
        button=links.button("Find another place", "/"),
    )


def cancelled_guest(stay: Stay, links: Links) -> Letter:
    """The booking is off: who did it, and what comes back."""
    who = {
        BookingActor.GUEST: "You have",
        BookingActor.HOST: f"{plain(stay.host.first_name)} has",
    }.get(stay.cancelled_by or BookingActor.SYSTEM, "Roost has")
    return Letter(
        kind="booking_cancelled_guest",
        subject=f"{_off(stay)}: {_title(stay)}, {days(stay.check_in, stay.check_out)}",
        heading="Your stay has ended" if stay.is_cut_short else "Your booking is cancelled",
        paragraphs=(
            f"{who} {_ended(stay)} your stay at {_title(stay)}.",
            _refund_words(stay),
        ),
        details=_details(stay),
        amounts=_refund(stay),
        quote=None
        if stay.cancelled_by is BookingActor.GUEST
        else _said(_canceller(stay), stay.cancellation_reason or ""),
        button=_booking(stay, links, "Write a review")
        if stay.is_cut_short
        else links.button("Find another place", "/"),
    )


def cancelled_host(stay: Stay, links: Links) -> Letter:
    """The booking is off, for the host. A mere request is only known by its first name."""
    was_confirmed = stay.confirmed_at is not None
    guest = plain(stay.guest.full_name if was_confirmed else stay.guest.first_name)
    who = {
        BookingActor.GUEST: f"{guest} has",
        BookingActor.HOST: "You have",
    }.get(stay.cancelled_by or BookingActor.SYSTEM, "Roost has")
    by_host = stay.cancelled_by is BookingActor.HOST
    remaining = "remaining nights" if stay.is_cut_short else "nights"
    nights = (
        f"The {remaining} stay blocked in your calendar."
        if by_host and was_confirmed
        else f"The {remaining} are free again in your calendar."
    )
    heading = "The booking is cancelled" if was_confirmed else "The request is withdrawn"
    reason = stay.cancellation_reason or ""
    return Letter(
        kind="booking_cancelled_host",
        subject=f"{_off(stay)}: {guest}, {days(stay.check_in, stay.check_out)}",
        heading="The stay has ended" if stay.is_cut_short else heading,
        paragraphs=(f"{who} {_ended(stay)} the stay at {_title(stay)}. {nights}",),
        details=_details(stay),
        quote=None
        if by_host
        else _said(_canceller(stay), reason if was_confirmed else _masked(reason)),
        button=_booking(stay, links, "See the booking"),
    )


def expired_guest(stay: Stay, links: Links) -> Letter:
    """Nobody paid or answered in time."""
    unanswered = stay.previous_status is BookingStatus.PENDING_HOST
    why = (
        f"{plain(stay.host.first_name)} did not answer in time, so your request has expired."
        if unanswered
        else "The payment was not finished in time, so the nights are no longer kept for you."
    )
    return Letter(
        kind="booking_expired_guest",
        subject=f"Your {'request' if unanswered else 'hold'} for {_title(stay)} has expired",
        heading="Your request has expired" if unanswered else "Your hold has expired",
        paragraphs=(why, "You have not been charged. If the nights are free, you can book again."),
        details=_details(stay),
        button=links.button("Look again", f"/properties/{stay.property_id}"),
    )


def expired_host(stay: Stay, links: Links) -> Letter:
    """The request is over, for the host."""
    guest = plain(stay.guest.first_name)
    why = (
        "It was not answered in time."
        if stay.previous_status is BookingStatus.PENDING_HOST
        else f"{guest} did not pay in time after you had accepted."
    )
    return Letter(
        kind="booking_expired_host",
        subject=f"{guest}'s request for {_title(stay)} has expired",
        heading=f"{guest}'s request has expired",
        paragraphs=(f"{why} The nights are free again in your calendar.",),
        details=_details(stay),
        button=_booking(stay, links, "See the request"),
    )


def review_invitation(stay: Stay, links: Links) -> Letter:
    """The stay is over: how was it?"""
    return Letter(
        kind="review_invitation",
        subject=f"How was {_title(stay)}?",
        heading=f"How was your stay in {plain(stay.city)}?",
        paragraphs=(
            (
                f"Your word helps the next guest to choose, and {plain(stay.host.first_name)} to "
                "get better. You have 14 days for it."
            ),
        ),
        details=_details(stay),
        button=_booking(stay, links, "Write a review"),
    )


def _off(stay: Stay) -> str:
    return "Ended early" if stay.is_cut_short else "Cancelled"


def _ended(stay: Stay) -> str:
    return "ended" if stay.is_cut_short else "cancelled"


def _title(stay: Stay) -> str:
    return plain(stay.title, 60)


def _nights(stay: Stay) -> int:
    return (stay.check_out - stay.check_in).days


def _booking(stay: Stay, links: Links, label: str) -> Button | None:
    return links.button(label, f"/bookings/{stay.booking_id}")


def _details(stay: Stay) -> tuple[Row, ...]:
    return (
        Row("Place", f"{_title(stay)}, {place(stay)}"),
        Row("Check-in", clock(stay.check_in_at, stay)),
        Row("Check-out", clock(stay.check_out_at, stay)),
        Row("Guests", party(stay)),
    )


def _price(stay: Stay, total: str = "Total") -> tuple[Row, ...]:
    lines = (
        Row(plain(str(item["description"])), printed(int(item["amount_minor"]), stay.currency))
        for item in stay.line_items
    )
    return (*lines, Row(total, printed(stay.total_minor, stay.currency), is_strong=True))


def _earnings(stay: Stay) -> tuple[Row, ...]:
    return (
        Row("Nights", count(_nights(stay), "night")),
        Row("You earn", printed(stay.host_payout_minor, stay.currency), is_strong=True),
    )


def _nothing_charged_yet(stay: Stay) -> str:
    if stay.captured_minor:
        return "You have paid already."
    return "You have not been charged yet."


def _refund(stay: Stay) -> tuple[Row, ...]:
    if not stay.captured_minor:
        return ()
    return (
        Row("Paid", printed(stay.captured_minor, stay.currency)),
        Row("Refund", printed(stay.refunded_minor, stay.currency), is_strong=True),
    )


def _refund_words(stay: Stay) -> str:
    if not stay.captured_minor:
        return (
            "You have not been charged; if your bank had reserved the amount, it is free again "
            "within a few days."
        )
    if not stay.refunded_minor:
        return "Under the cancellation terms of this booking nothing is refunded."
    amount = printed(stay.refunded_minor, stay.currency)
    return f"{amount} goes back the way you paid, and arrives within five to ten working days."


def _canceller(stay: Stay) -> Person | None:
    if stay.cancelled_by is BookingActor.GUEST:
        return stay.guest
    return stay.host if stay.cancelled_by is BookingActor.HOST else None


def _said(person: Person | None, words: str) -> Quote | None:
    text = words.strip()[:LONGEST_MESSAGE]
    author = plain(person.first_name) if person else "Roost"
    return Quote(author, text) if text else None


def _masked(words: str) -> str:
    """Without e-mail addresses, links and phone numbers."""
    return CONTACTS.sub("[hidden until confirmed]", words)
