"""The words of letters to a host about a guest's bank that wants money back."""

from app.money import printed
from app.notifications.facts import DisputedStay
from app.notifications.formats import days, plain
from app.notifications.letters import Letter, Links, Row
from db.enums import DisputeStatus


def opened(stay: DisputedStay, links: Links) -> Letter:
    """The bank asks; nothing of the stay is paid out until it has decided."""
    return Letter(
        kind="dispute_opened",
        subject=f"{plain(stay.guest)}'s bank disputes the payment for {_title(stay)}",
        heading="A payment is disputed",
        paragraphs=(
            (
                f"Hello {plain(stay.host.first_name)}, the bank of your guest {plain(stay.guest)} "
                "wants the money for this stay back. We answer it for you. Tell us soon whatever "
                "shows that the stay took place as it was booked: messages, pictures, the check-in."
            ),
            (
                "Your earnings from this stay are on hold until the bank has decided, which can "
                "take two months. Other stays are paid out as usual."
            ),
        ),
        details=_details(stay),
        button=links.button("See the booking", f"/bookings/{stay.booking_id}"),
    )


def settled(stay: DisputedStay, links: Links) -> Letter:
    """The bank has decided."""
    won = stay.status is DisputeStatus.WON
    lost = printed(stay.host_minor, stay.currency)
    words = (
        "The bank has decided for us. Your earnings from this stay are paid out as usual."
        if won
        else f"The bank has decided for your guest and keeps the money. {lost} of it were your "
        "earnings; what you have been paid of them already is deducted from your next payouts."
    )
    return Letter(
        kind="dispute_settled",
        subject=f"The dispute about {_title(stay)} is {'won' if won else 'lost'}",
        heading="The payment stands" if won else "The payment was taken back",
        paragraphs=(f"Hello {plain(stay.host.first_name)}, {words[0].lower()}{words[1:]}",),
        details=_details(stay),
        button=links.button("See the booking", f"/bookings/{stay.booking_id}"),
    )


def _title(stay: DisputedStay) -> str:
    return plain(stay.title, 60)


def _details(stay: DisputedStay) -> tuple[Row, ...]:
    return (
        Row("Place", _title(stay)),
        Row("Dates", days(stay.check_in, stay.check_out)),
        Row("Disputed", printed(stay.amount_minor, stay.currency)),
    )
