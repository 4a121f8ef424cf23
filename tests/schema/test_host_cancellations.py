"""What a host is shown before they cancel, and what is then done and told of it."""

from datetime import timedelta

import pytest

from app import clock
from app.ledger import queries as ledger
from db.enums import LedgerAccountKind
from tests.schema.face import Face, gid, person
from tests.support.world import add_booking, add_host, add_property, add_user

CANCEL = """mutation ($booking: ID!) { cancelBooking(input: {bookingId: $booking}) {
  ... on CancelBookingSuccess { refund { amount } booking { hostCancellation {
    fee { amount currency } waivedAt } } } } }"""
PREVIEW = """query ($booking: ID!) { booking(id: $booking) {
  cancellationPreview { refund { amount } hostFee { amount currency } } } }"""
PROFILE = "query ($id: ID!) { node(id: $id) { ... on User { hostCancellations } } }"


@pytest.mark.parametrize("days", [40, 10, 1])
async def test_what_was_shown_is_what_is_done(face: Face, days: int) -> None:
    db, now = face.db, clock.now()
    host, guest = await add_host(db), await add_user(db)
    first = (now + timedelta(days=days)).date()
    booking_id = await add_booking(
        db,
        await add_property(db, host),
        guest,
        host,
        check_in=first,
        confirmed_at=now - timedelta(days=2),
    )
    booking = gid("Booking", booking_id)
    to_guest = await face.ask(PREVIEW, person(guest), booking=booking)
    assert to_guest["booking"]["cancellationPreview"]["hostFee"] is None
    shown = (await face.ask(PREVIEW, person(host), booking=booking))["booking"]
    fee = shown["cancellationPreview"]["hostFee"]
    done = (await face.ask(CANCEL, person(host), booking=booking))["cancelBooking"]
    assert done["refund"] == shown["cancellationPreview"]["refund"]
    assert done["booking"]["hostCancellation"] == {"fee": fee, "waivedAt": None}
    async with db.read() as connection:
        kind = LedgerAccountKind.HOST_PAYABLE
        assert await ledger.balance(connection, kind, "EUR", host) == fee["amount"] > 0
    assert (await face.ask(PROFILE, id=gid("User", host)))["node"] == {"hostCancellations": 1}
    assert (await face.ask(PROFILE, id=gid("User", guest)))["node"] == {"hostCancellations": None}
