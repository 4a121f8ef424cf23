"""Quotes, bookings and what becomes of them: effects, refusals as data, answers afterwards."""

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app import clock
from app.actor import Actor
from app.dev.bench import operations
from app.ids import new_id
from db.models import Booking, Property
from tests.schema.face import Face, gid, person
from tests.schema.trade import CHECK_IN, ERROR, QUOTE, TODAY, booking_input, let, rows, stay
from tests.support.statements import counted
from tests.support.world import add_booking, add_host, add_property, add_user

BOOK = f"""mutation ($input: CreateBookingInput!) {{ createBooking(input: $input) {{
  __typename {ERROR}
  ... on CreateBookingSuccess {{
    booking {{ id status version checkIn checkOut nights totalPrice {{ amount currency }}
      lineItems {{ kind amount {{ amount }} }} history {{ version status previousStatus }}
      payment {{ id }} guests {{ adults pets }} message expiresAt }}
    payment {{ id status clientSecret redirectUrl publishableKey amount {{ amount }} }} }}
  ... on DatesUnavailableError {{ nights }}
  ... on PriceChangedError {{ quote {{ total {{ amount currency }} property {{ title }} }} }}
  ... on StayNotAllowedError {{ reason }}
  ... on IdempotencyConflictError {{ retryable }}
  ... on PaymentUnavailableError {{ retryable }}
  ... on InvalidInputError {{ field }} }} }}"""


def about(statement: str) -> str:
    """What a statement does, and to which table: "insert bookings"."""
    verb = statement.split()[0].lower()
    table = re.search(r"(?:^FROM|INTO|UPDATE) (\w+)", statement, re.MULTILINE)
    assert table is not None
    locks = " for update" if "FOR NO KEY UPDATE" in statement else ""
    return f"{verb} {table[1]}{locks}"


async def test_quote_then_book(paying_face: Face) -> None:
    face = paying_face
    place, _ = await let(face)
    guest = person(await add_user(face.db))
    quote = (await face.ask(QUOTE, input=stay(place)))["quote"]
    assert quote["__typename"] == "Quote"
    assert quote["count"] == 3
    assert quote["property"] == {"id": place}
    assert quote["subtotal"] == {"amount": 300_00}
    assert quote["averagePerNight"] == {"amount": 100_00}
    assert quote["total"] == {"amount": 336_00, "currency": "EUR"}
    assert sum(line["amount"]["amount"] for line in quote["lineItems"]) == 336_00

    given = booking_input(place, message="We arrive late.")
    first = (await face.ask(BOOK, guest, input=given))["createBooking"]
    assert first["__typename"] == "CreateBookingSuccess"
    booking = first["booking"]
    assert booking["status"] == "PENDING_PAYMENT"
    assert booking["totalPrice"] == quote["total"]
    assert booking["lineItems"] == [
        {"kind": line["kind"], "amount": line["amount"]} for line in quote["lineItems"]
    ]
    assert booking["history"] == [
        {"version": 1, "status": "PENDING_PAYMENT", "previousStatus": None}
    ]
    assert booking["message"] == "We arrive late."
    assert booking["expiresAt"] is not None
    assert first["payment"]["status"] == "PENDING"
    assert first["payment"]["clientSecret"]
    assert first["payment"]["redirectUrl"]
    assert first["payment"]["amount"] == {"amount": 336_00}
    assert booking["payment"] == {"id": first["payment"]["id"]}
    # The same request again is the same booking, and the same answer.
    assert (await face.ask(BOOK, guest, input=given))["createBooking"] == first
    assert await rows(face, Booking) == 1
    # The key is used up for any other request.
    other = (await face.ask(BOOK, guest, input=given | {"message": "Early."}))["createBooking"]
    assert other["__typename"] == "IdempotencyConflictError"
    assert other["code"] == "IDEMPOTENCY_CONFLICT"
    assert other["retryable"] is False


async def test_what_a_booking_costs(paying_face: Face) -> None:
    """Each statement has its reason in docs/benchmarks.md."""
    face = paying_face
    place, _ = await let(face)
    guest, given = person(await add_user(face.db)), booking_input(place)
    with counted(face.db) as statements:
        first = (await face.ask(operations.BOOK, guest, input=given))["createBooking"]
    assert first["booking"]["status"] == "PENDING_PAYMENT"
    assert [about(statement) for statement in statements[:13]] == [
        "select occupied_nights",
        "select users",
        "insert idempotency_keys",
        "select properties for update",
        "select property_taxes",
        "select occupied_nights",
        "insert occupied_nights",
        "insert bookings",
        "insert booking_changes",
        "insert payments",
        "insert outbox_messages",
        "select payments for update",
        "update payments",
    ]
    # In parallel.
    assert {about(statement) for statement in statements[13:]} == {
        "select bookings",
        "select payments",
    }
    assert len(statements) == 15
    with counted(face.db) as statements:
        again = (await face.ask(operations.BOOK, guest, input=given))["createBooking"]
    assert again["booking"]["id"] == first["booking"]["id"]
    # What the first found out is read: the nights are taken, the key is known, the payment is open.
    assert len(statements) == 8


async def test_booking_refusals(face: Face) -> None:
    place, host = await let(face, min_nights=2)
    guest_id = await add_user(face.db)
    guest = person(guest_id)

    async def book(actor: Actor = guest, **input: Any) -> dict[str, Any]:
        data = await face.ask(BOOK, actor, input=booking_input(place) | input)
        answer: dict[str, Any] = data["createBooking"]
        return answer

    changed = await book(expectedTotal={"amount": 1, "currency": "EUR"})
    assert changed["__typename"] == "PriceChangedError"
    assert changed["code"] == "PRICE_CHANGED"
    assert changed["quote"] == {
        "total": {"amount": 336_00, "currency": "EUR"},
        "property": {"title": "Tiled flat in Alfama"},
    }
    short = await book(checkOut=str(CHECK_IN + timedelta(days=1)))
    assert (short["__typename"], short["reason"]) == ("StayNotAllowedError", "TOO_SHORT")
    own = await book(host)
    assert (own["__typename"], own["reason"]) == ("StayNotAllowedError", "OWN_PROPERTY")
    way = await book(paymentMethod="MOBILE_MONEY")
    assert way["reason"] == "PAYMENT_METHOD_NOT_SUPPORTED"
    backwards = await book(checkOut=str(CHECK_IN))
    assert (backwards["__typename"], backwards["field"]) == ("InvalidInputError", "checkOut")
    nobody = await book(guests={"adults": 0})
    assert (nobody["code"], nobody["field"]) == ("INVALID_INPUT", "guests.adults")
    keyless = await book(idempotencyKey="")
    assert (keyless["__typename"], keyless["field"]) == ("InvalidInputError", "idempotencyKey")
    wrong = await book(propertyId=gid("User", guest_id))
    assert (wrong["__typename"], wrong["field"]) == ("InvalidInputError", "propertyId")
    gone = await book(propertyId=gid("Property", new_id()))
    assert gone["__typename"] == "PropertyNotBookableError"
    assert await rows(face, Booking) == 0

    assert host.user_id is not None
    taken_by = await add_user(face.db)
    key = (await face.ask("{ searchProperties { edges { node { id } } } }"))["searchProperties"]
    assert key["edges"][0]["node"]["id"] == place
    async with face.db.read() as connection:
        property_id = (await connection.execute(select(Property.id))).scalar_one()
    await add_booking(
        face.db, property_id, taken_by, host.user_id, check_in=CHECK_IN + timedelta(days=2)
    )
    taken = await book()
    assert taken["__typename"] == "DatesUnavailableError"
    assert taken["nights"] == [str(CHECK_IN + timedelta(days=2))]
    asked = (await face.ask(QUOTE, input=stay(place)))["quote"]
    assert (asked["__typename"], asked["nights"]) == ("DatesUnavailableError", taken["nights"])


async def test_a_provider_that_does_not_answer(face: Face) -> None:
    """The nights are held and the request can be sent again; here nobody listens at all."""
    place, _ = await let(face)
    guest = person(await add_user(face.db))
    answer = (await face.ask(BOOK, guest, input=booking_input(place)))["createBooking"]
    assert answer["__typename"] == "PaymentUnavailableError"
    assert answer["retryable"] is True
    trips = await face.ask("{ viewer { bookings { edges { node { status } } } } }", guest)
    assert trips["viewer"]["bookings"]["edges"] == [{"node": {"status": "PENDING_PAYMENT"}}]


@pytest.mark.parametrize(
    ("input", "kind", "detail"),
    [
        ({"checkIn": "2020-01-01", "checkOut": "2020-01-03"}, "StayNotAllowedError", "IN_THE_PAST"),
        ({"checkIn": "9999-12-30", "checkOut": "9999-12-31"}, "StayNotAllowedError", None),
        ({"checkIn": "0001-01-01", "checkOut": "0001-01-02"}, "StayNotAllowedError", "IN_THE_PAST"),
        ({"checkIn": "0001-01-01", "checkOut": "9999-12-31"}, "InvalidInputError", None),
        ({"guests": {"adults": 9}}, "StayNotAllowedError", "TOO_MANY_GUESTS"),
        ({"guests": {"adults": 1, "pets": 1}}, "StayNotAllowedError", "PETS_NOT_ALLOWED"),
        ({"guests": {"adults": 2**31 - 1}}, "InvalidInputError", None),
        ({"guests": {"adults": 1, "infants": -1}}, "InvalidInputError", None),
        ({"propertyId": "nonsense"}, "InvalidInputError", None),
        ({"propertyId": gid("Property", new_id())}, "PropertyNotBookableError", None),
    ],
)
async def test_quote_refusals(
    face: Face, input: dict[str, Any], kind: str, detail: str | None
) -> None:
    place, _ = await let(face)
    quote = (await face.ask(QUOTE, input=stay(place) | input))["quote"]
    assert quote["__typename"] == kind
    if detail:
        assert quote["reason"] == detail


async def test_who_may_cancel(face: Face) -> None:
    host, guest = await add_host(face.db), await add_user(face.db)
    place = await add_property(face.db, host)
    booking = await add_booking(
        face.db, place, guest, host, check_in=CHECK_IN, confirmed_at=clock.now()
    )
    query = f"""mutation ($id: ID!, $reason: String) {{
      cancelBooking(input: {{bookingId: $id, reason: $reason}}) {{ __typename {ERROR}
        ... on CancelBookingSuccess {{ refund {{ amount currency }}
          booking {{ status version cancelledBy cancellationReason cancelledAt
            cancellationPreview {{ refund {{ amount }} }}
            history {{ version status reason actor }} }} }}
        ... on TransitionNotAllowedError {{ status reason }}
        ... on InvalidInputError {{ field }} }} }}"""
    text = gid("Booking", booking)
    preview = "query ($id: ID!) { booking(id: $id) { cancellationPreview { refund { amount } } } }"

    stranger = person(await add_user(face.db))
    refused = (await face.ask(query, stranger, id=text))["cancelBooking"]
    assert refused["__typename"] == "NotFoundError"
    long = (await face.ask(query, person(guest), id=text, reason="a" * 1_001))["cancelBooking"]
    assert (long["__typename"], long["field"]) == ("InvalidInputError", "reason")
    promised = (await face.ask(preview, person(guest), id=text))["booking"]["cancellationPreview"]
    done = (await face.ask(query, person(guest), id=text, reason="Ill"))["cancelBooking"]
    assert done["__typename"] == "CancelBookingSuccess"
    assert done["refund"] == {"amount": promised["refund"]["amount"], "currency": "EUR"}
    shown = done["booking"]
    assert (shown["status"], shown["cancelledBy"], shown["version"]) == ("CANCELLED", "GUEST", 2)
    assert shown["cancellationReason"] == "Ill"
    assert shown["cancellationPreview"] is None
    assert shown["history"][-1] == {
        "version": 2,
        "status": "CANCELLED",
        "reason": "Ill",
        "actor": "GUEST",
    }
    again = (await face.ask(query, person(guest), id=text))["cancelBooking"]
    assert again["__typename"] == "TransitionNotAllowedError"
    assert (again["status"], again["reason"]) == ("CANCELLED", "STATUS")


async def test_only_the_host_answers_a_request(face: Face) -> None:
    host, guest = await add_host(face.db), await add_user(face.db)
    place = await add_property(face.db, host, instant_book=False)
    booking = await add_booking(
        face.db,
        place,
        guest,
        host,
        check_in=CHECK_IN,
        status="PENDING_HOST",
        deadline_at=clock.now() + timedelta(hours=5),
    )
    query = f"""mutation ($id: ID!) {{ declineBooking(input: {{bookingId: $id, reason: "Full"}}) {{
      __typename {ERROR} ... on DeclineBookingSuccess {{ booking {{ status }} }} }} }}"""
    text = gid("Booking", booking)
    by_guest = (await face.ask(query, person(guest), id=text))["declineBooking"]
    assert by_guest["__typename"] == "TransitionNotAllowedError"
    by_host = (await face.ask(query, person(host), id=text))["declineBooking"]
    assert by_host["booking"] == {"status": "DECLINED"}


async def test_a_review(face: Face) -> None:
    host, guest = await add_host(face.db), await add_user(face.db)
    place = await add_property(face.db, host)
    booking = await add_booking(
        face.db,
        place,
        guest,
        host,
        status="COMPLETED",
        check_in=TODAY - timedelta(days=5),
        check_out=TODAY - timedelta(days=2),
    )
    query = f"""mutation ($id: ID!, $rating: Int!, $comment: String! = "Lovely") {{
      createReview(input: {{bookingId: $id, rating: $rating, comment: $comment}}) {{ __typename
        {ERROR} ... on ReviewNotAllowedError {{ reason }} ... on InvalidInputError {{ field }}
        ... on CreateReviewSuccess {{ review {{ id rating comment author {{ firstName }}
          property {{ averageRating reviewCount reviews {{ edges {{ node {{ id }} }} }} }} }} }}
      }} }}"""
    text = gid("Booking", booking)
    by_host = (await face.ask(query, person(host), id=text, rating=5))["createReview"]
    assert by_host["__typename"] == "NotFoundError"
    bad = (await face.ask(query, person(guest), id=text, rating=6))["createReview"]
    assert (bad["__typename"], bad["field"]) == ("InvalidInputError", "rating")
    good = (await face.ask(query, person(guest), id=text, rating=4))["createReview"]
    review = good["review"]
    assert review["property"]["averageRating"] == 4.0
    assert review["property"]["reviewCount"] == 1
    assert review["property"]["reviews"]["edges"] == [{"node": {"id": review["id"]}}]
    twice = (await face.ask(query, person(guest), id=text, rating=1))["createReview"]
    assert twice["reason"] == "ALREADY_REVIEWED"
    asked = "query ($id: ID!) { booking(id: $id) { review { id } } }"
    shown = await face.ask(asked, person(guest), id=text)
    assert shown["booking"]["review"] == {"id": review["id"]}
