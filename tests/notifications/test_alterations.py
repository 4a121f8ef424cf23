"""Letters about other dates or guests: who gets which, and what they say."""

from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest

from app.notifications.facts import Alteration, Before
from app.notifications.letters import Links
from app.notifications.rules import Invitation, Mailing, alteration_mailings
from db.enums import AlterationStatus, BookingActor, BookingStatus
from tests.notifications.stays import stay
from tests.notifications.test_rules import words

S = AlterationStatus
GUEST, HOST = BookingActor.GUEST, BookingActor.HOST
LONGER = Alteration(
    status=S.OPEN,
    proposed_by=GUEST,
    by=GUEST,
    reason=None,
    message="Our train leaves a day later.",
    check_in=date(2026, 7, 1),
    check_out=date(2026, 7, 5),
    check_in_at=datetime(2026, 7, 1, 14, tzinfo=UTC),
    check_out_at=datetime(2026, 7, 5, 10, tzinfo=UTC),
    adults=2,
    children=1,
    infants=0,
    pets=0,
    previous=Before(check_in=date(2026, 7, 1), check_out=date(2026, 7, 4)),
    total_minor=550_00,
    difference_minor=137_50,
    host_difference_minor=116_40,
    expires_at=datetime(2026, 6, 3, 12, tzinfo=UTC),
    is_payable=False,
)
LINKS = Links(web_url="https://app.example")


def sent(**changes: Any) -> dict[str, Mailing]:
    found = alteration_mailings(msgspec.structs.replace(LONGER, **changes), stay(), LINKS)
    return {mailing.recipient.first_name: mailing for mailing in found}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"proposed_by": GUEST, "by": GUEST}, {"Hedy"}),
        ({"proposed_by": HOST, "by": HOST}, {"Ada"}),
        ({"status": S.AWAITING_PAYMENT, "by": GUEST, "is_payable": True}, {"Ada"}),
        # It was authorised before, and is being taken.
        ({"status": S.AWAITING_PAYMENT, "by": HOST}, set[str]()),
        ({"status": S.ACCEPTED, "by": BookingActor.SYSTEM}, {"Ada", "Hedy"}),
        ({"status": S.DECLINED, "by": HOST}, {"Ada"}),
        ({"status": S.DECLINED, "proposed_by": HOST, "by": GUEST}, {"Hedy"}),
        ({"status": S.WITHDRAWN, "by": GUEST}, {"Hedy"}),
        ({"status": S.EXPIRED, "by": BookingActor.SYSTEM}, {"Ada", "Hedy"}),
    ],
)
def test_who_did_not_do_it_is_told(changes: dict[str, Any], told: set[str]) -> None:
    assert set(sent(**changes)) == told


def test_nobody_is_told_of_a_booking_that_is_off() -> None:
    assert alteration_mailings(LONGER, stay(status=BookingStatus.CANCELLED), LINKS) == []


def test_each_side_reads_their_own_difference() -> None:
    asked = words(sent()["Hedy"].letter)
    assert "€116.40" in asked
    assert "€137.50" not in asked
    assert "Our train leaves a day later." in asked
    assert "5 July 2026" in asked
    shown = words(sent(proposed_by=HOST, by=HOST)["Ada"].letter)
    assert "You pay more" in shown
    assert "€137.50" in shown
    assert "€116.40" not in shown


def test_what_is_accepted_moves_the_stay_in_calendars() -> None:
    found = sent(status=S.ACCEPTED, by=HOST, difference_minor=-50_00)
    assert {mailing.invitation for mailing in found.values()} == {Invitation.REQUEST}
    assert "You get back" in words(found["Ada"].letter)


def test_the_reason_of_a_no_is_told() -> None:
    found = sent(status=S.DECLINED, by=HOST, reason="The painters come.")
    assert "The painters come." in words(found["Ada"].letter)
    assert "stays as it was" in words(found["Ada"].letter)
