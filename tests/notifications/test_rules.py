"""Who gets which letter, and what it may tell."""

from datetime import UTC, datetime

import pytest

from app.notifications.facts import Stay
from app.notifications.letters import Letter, Links
from app.notifications.rendering import render
from app.notifications.rules import TIMELY, Invitation, Mailing, Occasion, mailings
from db.enums import BookingActor, BookingStatus
from tests.notifications.stays import ADA, HEDY, stay

S = BookingStatus
LINKS = Links("https://roost.example")
REQUEST = stay(
    status=S.PENDING_HOST,
    confirmed_at=None,
    was_requested=True,
    previous_status=S.PENDING_PAYMENT,
    captured_minor=0,
)


def sent(occasion: Occasion, stay: Stay) -> dict[str, Mailing]:
    """First name of the recipient → what they get."""
    return {found.recipient.first_name: found for found in mailings(occasion, stay, LINKS)}


def words(letter: Letter) -> str:
    html, text = render(letter)
    return letter.subject + html + text


@pytest.mark.parametrize("occasion", Occasion)
def test_a_letter_that_was_overtaken_is_not_sent(occasion: Occasion) -> None:
    for status in set(S) - TIMELY[occasion]:
        assert mailings(occasion, stay(status=status), LINKS) == []


def test_a_request_asks_the_host_and_tells_the_guest() -> None:
    found = sent(Occasion.REQUESTED, REQUEST)

    assert found.keys() == {"Ada", "Hedy"}
    assert found["Hedy"].letter.button is not None
    assert found["Hedy"].letter.button.url == f"https://roost.example/bookings/{REQUEST.booking_id}"
    assert "2 June 2026, 13:00 (Lisbon time)" in words(found["Hedy"].letter)
    assert "not been charged" in words(found["Ada"].letter)
    assert not any(mailing.invitation for mailing in found.values())


def test_a_request_whose_capture_is_under_way_needs_no_answer() -> None:
    accepted = stay(status=S.PENDING_HOST, accepted_at=datetime(2026, 6, 1, tzinfo=UTC))

    assert mailings(Occasion.REQUESTED, accepted, LINKS) == []


def test_before_the_confirmation_neither_side_learns_more_than_a_first_name() -> None:
    withdrawn = stay(
        status=S.CANCELLED,
        cancelled_by=BookingActor.GUEST,
        cancellation_reason="Call me: +351 912 345 678 or ada@lovelace.org",
        confirmed_at=None,
        was_requested=True,
    )
    expired = stay(status=S.EXPIRED, confirmed_at=None, was_requested=True)
    declined = stay(status=S.DECLINED, confirmed_at=None, was_requested=True)
    accepted = stay(status=S.PENDING_PAYMENT, confirmed_at=None, was_requested=True)
    for occasion, now in {
        Occasion.REQUESTED: REQUEST,
        Occasion.ACCEPTED: accepted,
        Occasion.DECLINED: declined,
        Occasion.EXPIRED: expired,
        Occasion.CANCELLED: withdrawn,
    }.items():
        for mailing in mailings(occasion, now, LINKS):
            told = words(mailing.letter)
            for secret in ("Lovelace", "Lamarr", "Remédios", "1100-442", "912 345", "lovelace.org"):
                assert secret not in told, (occasion, mailing.recipient.first_name, secret)


@pytest.mark.parametrize(
    "contact",
    ["ada@example.com", "+44 20 7946 0958", "0171-2345678", "https://ada.dev/x", "www.ada.dev",
     "ada.com/me"],
)  # fmt: skip
def test_contacts_in_a_message_are_hidden_until_it_is_confirmed(contact: str) -> None:
    message = f"Hello, reach me at {contact}! Yours. We are 4, from 12 to 15 July 2026."
    asked = stay(status=S.PENDING_HOST, confirmed_at=None, message=message)
    booked = stay(message=message)

    before = sent(Occasion.REQUESTED, asked)["Hedy"].letter.quote
    after = sent(Occasion.CONFIRMED, booked)["Hedy"].letter.quote

    assert before is not None
    assert contact not in before.text
    assert before.text.startswith("Hello, reach me at [hidden until confirmed]")
    assert before.text.endswith(" Yours. We are 4, from 12 to 15 July 2026.")
    assert after is not None
    assert after.text == message


def test_a_confirmation_tells_both_with_the_address_for_the_guest() -> None:
    found = sent(Occasion.CONFIRMED, stay())
    guest, host = words(found["Ada"].letter), words(found["Hedy"].letter)

    assert {mailing.invitation for mailing in found.values()} == {Invitation.REQUEST}
    assert "Rua dos Remédios 1, 1100-442 Lisbon, Portugal" in guest
    assert "Hedy Lamarr" in guest
    assert "€412.50" in guest
    assert "Wednesday 1 July 2026, 15:00" in guest
    assert "Ada Lovelace" in host
    assert "€350.00" in host
    assert "€412.50" not in host
    # Addresses belong to each person alone.
    assert HEDY.email not in guest
    assert ADA.email not in host


def test_an_accepted_guest_is_sent_to_pay() -> None:
    accepted = stay(
        status=S.PENDING_PAYMENT, was_requested=True, confirmed_at=None, pay_url="https://pay/1"
    )
    found = sent(Occasion.ACCEPTED, accepted)

    assert found.keys() == {"Ada"}
    assert found["Ada"].letter.button is not None
    assert found["Ada"].letter.button.url == "https://pay/1"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"captured_minor": 412_50, "refunded_minor": 200_00}, "€200.00 goes back"),
        ({"captured_minor": 412_50, "refunded_minor": 0}, "nothing is refunded"),
        ({"captured_minor": 0}, "You have not been charged"),
    ],
)
def test_a_cancellation_says_what_comes_back(changes: dict[str, int], told: str) -> None:
    gone = stay(status=S.CANCELLED, cancelled_by=BookingActor.GUEST, **changes)
    found = sent(Occasion.CANCELLED, gone)

    assert told in words(found["Ada"].letter)
    assert "€" not in words(found["Hedy"].letter)
    assert {mailing.invitation for mailing in found.values()} == {Invitation.CANCEL}


def test_who_cancelled_is_told_and_their_reason_to_the_other_side() -> None:
    gone = stay(
        status=S.CANCELLED, cancelled_by=BookingActor.HOST, cancellation_reason="The roof leaks."
    )
    found = sent(Occasion.CANCELLED, gone)

    assert "Hedy has cancelled" in words(found["Ada"].letter)
    assert "The roof leaks." in words(found["Ada"].letter)
    assert "You have cancelled" in words(found["Hedy"].letter)
    assert "The roof leaks." not in words(found["Hedy"].letter)
    assert "stay blocked" in words(found["Hedy"].letter)


def test_who_leaves_early_is_asked_how_it_was() -> None:
    left = stay(
        status=S.CANCELLED,
        cancelled_by=BookingActor.GUEST,
        cancelled_at=stay().check_in_at,
        refunded_minor=100_00,
    )
    found = sent(Occasion.CANCELLED, left)

    guest, host = found["Ada"].letter, found["Hedy"].letter
    assert guest.heading == "Your stay has ended"
    assert guest.button is not None
    assert guest.button.label == "Write a review"
    assert "€100.00 goes back" in words(guest)
    assert "has ended the stay" in words(host)
    assert "remaining nights are free again" in words(host)


@pytest.mark.parametrize("occasion", [Occasion.CANCELLED, Occasion.EXPIRED])
def test_a_host_who_was_never_asked_hears_nothing_of_an_unpaid_hold(occasion: Occasion) -> None:
    status = S.CANCELLED if occasion is Occasion.CANCELLED else S.EXPIRED
    hold = stay(
        status=status, confirmed_at=None, captured_minor=0, previous_status=S.PENDING_PAYMENT
    )

    assert sent(occasion, hold).keys() == {"Ada"}


def test_an_expiry_says_whose_turn_it_was() -> None:
    over = {"status": S.EXPIRED, "confirmed_at": None, "was_requested": True}
    silent = sent(Occasion.EXPIRED, stay(previous_status=S.PENDING_HOST, **over))
    unpaid = sent(Occasion.EXPIRED, stay(previous_status=S.PENDING_PAYMENT, **over))

    assert "Hedy did not answer" in words(silent["Ada"].letter)
    assert "not answered in time" in words(silent["Hedy"].letter)
    assert "payment was not finished" in words(unpaid["Ada"].letter)
    assert "Ada did not pay" in words(unpaid["Hedy"].letter)


def test_a_review_is_asked_for_once() -> None:
    assert sent(Occasion.COMPLETED, stay(status=S.COMPLETED)).keys() == {"Ada"}
    assert sent(Occasion.COMPLETED, stay(status=S.COMPLETED, is_reviewed=True)) == {}


def test_without_a_web_app_there_are_no_dead_buttons() -> None:
    for mailing in mailings(Occasion.CONFIRMED, stay(), Links(None)):
        assert mailing.letter.button is None
        assert "href" not in render(mailing.letter)[0].split("</head>")[1]
