"""Altering a stay through the schema: shown before, proposed, answered, and told in the history."""

from datetime import timedelta
from typing import Any

import pytest

from app.actor import ANONYMOUS, Actor
from app.ids import new_id
from tests.schema.face import Face, gid, person
from tests.schema.test_mobile_money import (
    BOOK,
    CEDIS,
    NO_MAIL,
    ghana,
    paid_by_phone,
)
from tests.schema.trade import CHECK_IN, ERROR, booking_input
from tests.support.books import assert_books_balance
from tests.support.drain import drain
from tests.support.paystack import PaystackSandbox
from tests.support.world import add_booking, add_host, add_property, add_user

__all__ = ["ghana"]

LEAVES = CHECK_IN + timedelta(days=3)
LATER = str(LEAVES + timedelta(days=1))
PREVIEW = f"""query ($id: ID!, $out: Date, $guests: GuestsInput) {{ booking(id: $id) {{
  alterationPreview(checkOut: $out, guests: $guests) {{ __typename {ERROR}
    ... on AlterationPreview {{ difference {{ amount currency }} hostPayoutDifference {{ amount }}
      quote {{ checkOut total {{ amount currency }} }} }}
    ... on DatesUnavailableError {{ nights }}
    ... on StayNotAllowedError {{ reason }}
    ... on AlterationNotAllowedError {{ obstacle }}
    ... on InvalidInputError {{ field }} }} }} }}"""
SHOWN = """id status proposedBy message checkIn checkOut nights guests { adults }
  previous { checkOut guests { adults } totalPrice { amount } } lineItems { kind }
  totalPrice { amount currency } difference { amount } hostPayoutDifference { amount }
  payment { status clientSecret redirectUrl amount { amount } } expiresAt settledAt
  booking { id }"""
PROPOSE = f"""mutation ($input: ProposeAlterationInput!) {{ proposeAlteration(input: $input) {{
  __typename {ERROR}
  ... on ProposeAlterationSuccess {{ alteration {{ {SHOWN} }} booking {{ version }} }}
  ... on PriceChangedError {{ quote {{ total {{ amount }} }} }}
  ... on DatesUnavailableError {{ nights }}
  ... on AlterationNotAllowedError {{ status obstacle }}
  ... on InvalidInputError {{ field }} }} }}"""
ACCEPT = f"""mutation ($input: AcceptAlterationInput!) {{ acceptAlteration(input: $input) {{
  __typename {ERROR}
  ... on AcceptAlterationSuccess {{ alteration {{ {SHOWN} }}
    booking {{ status checkOut guests {{ adults }} totalPrice {{ amount }} }} }}
  ... on PriceChangedError {{ quote {{ total {{ amount }} }} }}
  ... on AlterationNotAllowedError {{ status obstacle }} }} }}"""
BOOKING = f"""query ($id: ID!) {{ booking(id: $id) {{ version
  alterations {{ {SHOWN} }}
  history {{ version status previousStatus actor alterationStatus alteration {{ id }} }}
  availableActions {{ action isAvailable obstacle }} }} }}"""


async def booked(face: Face, **columns: Any) -> tuple[str, Actor, Actor]:
    """A confirmed stay of three nights at 100.00, its guest and its host."""
    host, guest = await add_host(face.db), await add_user(face.db)
    place = await add_property(face.db, host)
    key = await add_booking(face.db, place, guest, host, check_in=CHECK_IN, **columns)
    return gid("Booking", key), person(guest), person(host)


def proposal(booking: str, total: int, **more: Any) -> dict[str, Any]:
    expected = {"amount": total, "currency": more.pop("currency", "EUR")}
    return {"bookingId": booking, "expectedTotal": expected, "idempotencyKey": new_id().hex} | more


def answer(alteration: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "alterationId": alteration["id"],
        "expectedTotal": alteration["totalPrice"],
        "idempotencyKey": new_id().hex,
    } | more


async def test_shown_proposed_and_accepted(face: Face) -> None:
    booking, guest, host = await booked(face)
    guests = {"adults": 1}
    for actor, bring in ((guest, None), (host, {"amount": 0})):
        found = (await face.ask(PREVIEW, actor, id=booking, guests=guests))["booking"]
        assert found["alterationPreview"] == {
            "__typename": "AlterationPreview",
            "difference": {"amount": 0, "currency": "EUR"},
            "hostPayoutDifference": bring,
            "quote": {"checkOut": str(LEAVES), "total": {"amount": 300_00, "currency": "EUR"}},
        }
    wanted = proposal(booking, 300_00, guests=guests, message="Only me.")
    made = (await face.ask(PROPOSE, guest, input=wanted))["proposeAlteration"]
    alteration = made["alteration"]
    assert (alteration["status"], alteration["proposedBy"]) == ("OPEN", "GUEST")
    assert alteration["previous"] == {
        "checkOut": str(LEAVES),
        "guests": {"adults": 2},
        "totalPrice": {"amount": 300_00},
    }
    assert made["booking"] == {"version": 2}
    # The same request again is the same alteration.
    again = (await face.ask(PROPOSE, guest, input=wanted))["proposeAlteration"]
    assert again["alteration"]["id"] == alteration["id"]
    seen = (await face.ask(BOOKING, host, id=booking))["booking"]
    assert [each["id"] for each in seen["alterations"]] == [alteration["id"]]
    can = {each["action"]: each["obstacle"] for each in seen["availableActions"]}
    assert can["ACCEPT_ALTERATION"] is None
    assert can["PROPOSE_ALTERATION"] == "ALTERATION_OPEN"
    assert can["WITHDRAW_ALTERATION"] == "OTHER_SIDE"
    done = (await face.ask(ACCEPT, host, input=answer(alteration)))["acceptAlteration"]
    assert done["alteration"]["status"] == "ACCEPTED"
    assert done["booking"]["guests"] == {"adults": 1}
    seen = (await face.ask(BOOKING, guest, id=booking))["booking"]
    assert seen["history"][-2:] == [
        {
            "version": version,
            "status": "CONFIRMED",
            "previousStatus": "CONFIRMED",
            "actor": actor,
            "alterationStatus": state,
            "alteration": {"id": alteration["id"]},
        }
        for version, actor, state in ((2, "GUEST", "OPEN"), (3, "HOST", "ACCEPTED"))
    ]
    late = (await face.ask(ACCEPT, host, input=answer(alteration)))["acceptAlteration"]
    assert late["obstacle"] == "ALREADY_DONE"


async def test_refusals_are_data(face: Face) -> None:
    booking, guest, _ = await booked(face)
    stranger = person(await add_user(face.db))
    wanted = proposal(booking, 400_00, checkOut=LATER)

    async def refused(actor: Actor, **input: Any) -> dict[str, Any]:
        found: dict[str, Any] = await face.ask(PROPOSE, actor, input=wanted | input)
        told: dict[str, Any] = found["proposeAlteration"]
        return told

    assert (await refused(stranger))["__typename"] == "NotFoundError"
    assert (await refused(guest, bookingId="x"))["__typename"] == "NotFoundError"
    wrong = await refused(guest, expectedTotal={"amount": 300_00, "currency": "EUR"})
    assert wrong["quote"] == {"total": {"amount": 400_00}}
    assert (await refused(guest, checkOut=str(CHECK_IN)))["field"] == "checkOut"
    assert (await refused(guest, checkOut=str(LEAVES)))["__typename"] == "InvalidInputError"
    key = await refused(guest, idempotencyKey="")
    assert key["field"] == "idempotencyKey"
    far = await refused(guest, checkIn="9999-12-30", checkOut="9999-12-31")
    assert far["__typename"] == "StayNotAllowedError"
    assert await face.codes(PROPOSE, ANONYMOUS, input=wanted) == ["UNAUTHENTICATED"]
    seen = (await face.ask(BOOKING, guest, id=booking))["booking"]
    assert (seen["version"], seen["alterations"]) == (1, [])
    over, traveller, _ = await booked(face, status="COMPLETED")
    told = await refused(traveller, bookingId=over)
    assert (told["status"], told["obstacle"]) == ("COMPLETED", "STATUS")
    preview = (await face.ask(PREVIEW, traveller, id=over, out=LATER))["booking"]
    assert preview["alterationPreview"]["obstacle"] == "STATUS"


async def test_how_to_pay_more_is_the_guests_business(paying_face: Face) -> None:
    face = paying_face
    booking, guest, host = await booked(face)
    wanted = proposal(booking, 400_00, checkOut=LATER)
    made = (await face.ask(PROPOSE, guest, input=wanted))["proposeAlteration"]["alteration"]
    assert made["difference"] == {"amount": 100_00}
    assert made["payment"]["clientSecret"]
    assert made["payment"]["amount"] == {"amount": 100_00}
    assert made["hostPayoutDifference"] is None
    done = (await face.ask(ACCEPT, host, input=answer(made)))["acceptAlteration"]
    assert done["alteration"]["status"] == "AWAITING_PAYMENT"
    assert done["alteration"]["payment"]["clientSecret"] is None
    assert done["alteration"]["hostPayoutDifference"] == {"amount": 97_00}
    assert done["booking"]["checkOut"] == str(LEAVES)
    seen = (await face.ask(BOOKING, guest, id=booking))["booking"]
    can = {each["action"] for each in seen["availableActions"] if each["isAvailable"]}
    assert can == {"CANCEL", "PAY_ALTERATION", "WITHDRAW_ALTERATION"}


@pytest.mark.parametrize("by_host", [True, False])
async def test_mobile_money_is_asked_for_once_both_agree(
    ghana: Face, telco: PaystackSandbox, by_host: bool
) -> None:
    face = ghana
    host_id = await add_host(face.db)
    host, guest = person(host_id), person(await add_user(face.db))
    place = gid("Property", await add_property(face.db, host_id, currency="GHS"))
    given = booking_input(place, expectedTotal=CEDIS, paymentMethod="MOBILE_MONEY")
    booking = (await face.ask(BOOK, guest, input=given))["createBooking"]["booking"]["id"]
    await paid_by_phone(face, telco)
    sides = (host, guest) if by_host else (guest, host)
    wanted = proposal(booking, 448_00, checkOut=LATER, currency="GHS")
    made = (await face.ask(PROPOSE, sides[0], input=wanted))["proposeAlteration"]["alteration"]
    # It cannot be held: nothing is to be paid before both agree.
    assert made["payment"] is None
    done = (await face.ask(ACCEPT, sides[1], input=answer(made)))["acceptAlteration"]
    assert done["alteration"]["status"] == "AWAITING_PAYMENT"
    await drain(face.runtime, skip=NO_MAIL)
    seen = (await face.ask(BOOKING, guest, id=booking))["booking"]["alterations"][0]
    assert seen["payment"]["redirectUrl"].startswith(telco.base_url)
    await paid_by_phone(face, telco)
    seen = (await face.ask(BOOKING, guest, id=booking))["booking"]["alterations"][0]
    assert (seen["status"], seen["payment"]["status"]) == ("ACCEPTED", "PAID")
    await assert_books_balance(face.db, telco)
