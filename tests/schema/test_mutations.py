"""Whole mutations: their effects, their refusals as data, and what they answer afterwards."""

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from app import clock
from app.actor import ANONYMOUS, Actor
from app.dev.bench import operations
from app.ids import new_id
from db.models import Booking, Property, User
from tests.schema.face import Face, gid, person
from tests.support.statements import counted
from tests.support.world import HOST_FACTS, add_booking, add_host, add_property, add_user

TODAY = clock.now().date()
CHECK_IN = TODAY + timedelta(days=40)

ERROR = "... on Error { code message }"
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
QUOTE = f"""query ($input: QuoteInput!) {{ quote(input: $input) {{ __typename {ERROR}
  ... on Quote {{ count: nightCount checkIn checkOut guests {{ adults }} subtotal {{ amount }}
    total {{ amount currency }} averagePerNight {{ amount }} property {{ id }}
    lineItems {{ kind description quantity unitAmount {{ amount }} amount {{ amount }} }} }}
  ... on DatesUnavailableError {{ nights }}
  ... on StayNotAllowedError {{ reason }}
  ... on InvalidInputError {{ field }} }} }}"""


def about(statement: str) -> str:
    """What a statement does, and to which table: "insert bookings"."""
    verb = statement.split()[0].lower()
    table = re.search(r"(?:^FROM|INTO|UPDATE) (\w+)", statement, re.MULTILINE)
    assert table is not None
    locks = " for update" if "FOR NO KEY UPDATE" in statement else ""
    return f"{verb} {table[1]}{locks}"


def stay(place: str, nights: int = 3, **more: Any) -> dict[str, Any]:
    return {
        "propertyId": place,
        "checkIn": str(CHECK_IN),
        "checkOut": str(CHECK_IN + timedelta(days=nights)),
        "guests": {"adults": 2},
    } | more


def booking_input(place: str, total: int = 336_00, **more: Any) -> dict[str, Any]:
    return (
        stay(place)
        | {
            "expectedTotal": {"amount": total, "currency": "EUR"},
            "idempotencyKey": new_id().hex,
        }
        | more
    )


async def rows(face: Face, model: Any) -> int:
    async with face.db.read() as connection:
        found = await connection.execute(select(func.count()).select_from(model))
    count: int = found.scalar_one()
    return count


async def let(face: Face, **columns: Any) -> tuple[str, Actor]:
    """A published property and its host."""
    host = await add_host(face.db)
    return gid("Property", await add_property(face.db, host, **columns)), person(host)


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


MUTATIONS = {
    "becomeHost": f"mutation {{ becomeHost(input: {HOST_FACTS}) {{ __typename }} }}",
    "updateProfile": "mutation { updateProfile(input: {}) { __typename } }",
    "revokeSession": 'mutation { revokeSession(input: {sessionId: "x"}) { __typename } }',
    "renamePasskey": """mutation { renamePasskey(input: {passkeyId: "x", name: "a"})
      { __typename } }""",
    "deletePasskey": """mutation { deletePasskey(input: {passkeyId: "x", proof: "a"})
      { __typename } }""",
    "revokeAllSessions": "mutation { revokeAllSessions(input: {}) { __typename } }",
    "linkIdentity": """mutation { linkIdentity(input: {code: "x", codeVerifier: "x"})
      { __typename } }""",
    "unlinkIdentity": 'mutation { unlinkIdentity(input: {identityId: "x"}) { __typename } }',
    "requestDataExport": "mutation { requestDataExport { __typename } }",
    "deleteAccount": 'mutation { deleteAccount(input: {proof: "a"}) { __typename } }',
    "cancelAccountDeletion": "mutation { cancelAccountDeletion { __typename } }",
    "createProperty": """mutation { createProperty(input: {title: "A", type: BOAT, maxGuests: 1,
      location: {city: "A", country: "PT", latitude: 1, longitude: 1}, timezone: "UTC",
      pricePerNight: {amount: 1, currency: "EUR"}}) { __typename } }""",
    "updateProperty": 'mutation { updateProperty(input: {propertyId: "x"}) { __typename } }',
    "updateCalendar": """mutation { updateCalendar(input: {propertyId: "x", changes: []})
      { __typename } }""",
    "rotateCalendarFeed": """mutation { rotateCalendarFeed(input: {propertyId: "x"})
      { __typename } }""",
    "addCalendarImport": """mutation { addCalendarImport(input: {propertyId: "x", name: "a",
      url: "https://a.example"}) { __typename } }""",
    "removeCalendarImport": """mutation { removeCalendarImport(input: {importId: "x"})
      { __typename } }""",
    "syncCalendarImport": """mutation { syncCalendarImport(input: {importId: "x"})
      { __typename } }""",
    "publishProperty": 'mutation { publishProperty(input: {propertyId: "x"}) { __typename } }',
    "unpublishProperty": 'mutation { unpublishProperty(input: {propertyId: "x"}) { __typename } }',
    "createBooking": """mutation { createBooking(input: {propertyId: "x", checkIn: "2027-01-01",
      checkOut: "2027-01-02", guests: {}, idempotencyKey: "k",
      expectedTotal: {amount: 1, currency: "EUR"}}) { __typename } }""",
    "acceptBooking": 'mutation { acceptBooking(input: {bookingId: "x"}) { __typename } }',
    "declineBooking": 'mutation { declineBooking(input: {bookingId: "x"}) { __typename } }',
    "cancelBooking": 'mutation { cancelBooking(input: {bookingId: "x"}) { __typename } }',
    "createReview": """mutation { createReview(input: {bookingId: "x", rating: 5, comment: "a"})
      { __typename } }""",
    "createPayoutAccountLink": """mutation { createPayoutAccountLink(input:
      {returnUrl: "https://a.example", refreshUrl: "https://a.example"}) { __typename } }""",
    "setPayoutRecipient": """mutation { setPayoutRecipient(input: {currency: "GHS",
      kind: BANK_ACCOUNT, institutionCode: "1", accountNumber: "12345678", accountName: "a"})
      { __typename } }""",
    "staffChangeRole": """mutation { staffChangeRole(input:
      {userId: "x", role: ADMIN, reason: "a"}) { __typename } }""",
} | {
    name: f'mutation {{ {name}(input: {{userId: "x", reason: "a"}}) {{ __typename }} }}'
    for name in (
        "staffResendVerification",
        "staffRevokeSessions",
        "staffSuspend",
        "staffReinstate",
    )
}


def test_every_mutation_is_listed_here(face: Face) -> None:
    mutation = face.schema._schema.mutation_type
    assert mutation is not None
    assert set(mutation.fields) == set(MUTATIONS)


@pytest.mark.parametrize("name", MUTATIONS)
async def test_anonymous_callers_are_told_to_sign_in(face: Face, name: str) -> None:
    assert await face.codes(MUTATIONS[name], ANONYMOUS) == ["UNAUTHENTICATED"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("updateProperty", "NotFoundError"),
        ("publishProperty", "NotFoundError"),
        ("unpublishProperty", "NotFoundError"),
        ("createBooking", "InvalidInputError"),
        ("acceptBooking", "NotFoundError"),
        ("declineBooking", "NotFoundError"),
        ("cancelBooking", "NotFoundError"),
        ("createReview", "NotFoundError"),
        ("createProperty", "HostRequiredError"),
        ("createPayoutAccountLink", "HostRequiredError"),
        ("setPayoutRecipient", "HostRequiredError"),
        ("becomeHost", "BecomeHostSuccess"),
    ],
)
async def test_signed_in_callers_get_data(face: Face, name: str, kind: str) -> None:
    guest = person(await add_user(face.db))
    assert (await face.ask(MUTATIONS[name], guest))[name]["__typename"] == kind


async def test_a_token_whose_user_is_gone(face: Face) -> None:
    data = await face.ask(MUTATIONS["becomeHost"], person(new_id()))
    assert data["becomeHost"]["__typename"] == "NotFoundError"


async def test_the_answer_is_read_after_the_commit(face: Face) -> None:
    """A fresh set of loaders after each mutation: nothing read before is shown again."""
    guest = person(await add_user(face.db))
    query = f"""mutation {{
      becomeHost(input: {HOST_FACTS}) {{
        ... on BecomeHostSuccess {{ user {{ isHost hostSince }} }} }}
      again: becomeHost(input: {HOST_FACTS}) {{
        ... on BecomeHostSuccess {{ user {{ isHost }} }} }} }}"""
    data = await face.ask(query, guest)
    assert data["becomeHost"]["user"]["isHost"] is True
    assert data["becomeHost"]["user"]["hostSince"] is not None
    assert data["again"]["user"]["isHost"] is True


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
        ... on TransitionNotAllowedError {{ status }} ... on InvalidInputError {{ field }} }} }}"""
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
    assert (again["__typename"], again["status"]) == ("TransitionNotAllowedError", "CANCELLED")


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


CREATE = f"""mutation ($input: CreatePropertyInput!) {{ createProperty(input: $input) {{ __typename
  {ERROR} ... on InvalidInputError {{ field }} ... on CreatePropertySuccess {{ property {{
    id status title type amenities checkInTime checkOutTime timezone maxGuests instantBook
    pricePerNight {{ amount currency }} weekendPricePerNight {{ amount }} cleaningFee {{ amount }}
    weeklyDiscountPercent earlyBirdDays checkInWeekdays checkOutWeekdays
    photos {{ url width }} cancellationPolicy minNights
    location {{ city address latitude isExact }} }} }} }} }}"""
UPDATE = CREATE.replace("CreateProperty", "UpdateProperty").replace("createP", "updateP")
LISTING: dict[str, Any] = {
    "title": " Boat house ",
    "description": "A quiet house right on the water.",
    "type": "COTTAGE",
    "location": {
        "city": "Porto",
        "country": "PT",
        "address": "Cais 1",
        "latitude": 41.14,
        "longitude": -8.61,
    },
    "timezone": "Europe/Lisbon",
    "pricePerNight": {"amount": 80_00, "currency": "EUR"},
    "weekendPricePerNight": 95_00,
    "cleaningFee": 20_00,
    "weeklyDiscountPercent": 10,
    "earlyBirdDays": 60,
    "maxGuests": 3,
    "amenities": ["WIFI", "KITCHEN", "WIFI"],
    "photos": [{"url": "/media/a.jpg", "width": 10, "height": 10}],
    "checkInTime": "16:30",
    "checkInWeekdays": ["SATURDAY", "MONDAY", "SATURDAY"],
}


async def test_a_property_s_life(face: Face) -> None:
    host = person(await add_host(face.db))
    made = (await face.ask(CREATE, host, input=LISTING))["createProperty"]
    place = made["property"]
    assert place["status"] == "DRAFT"
    assert place["title"] == "Boat house"
    assert place["checkInTime"] == "16:30"
    assert place["checkOutTime"] == "11:00"
    assert place["amenities"] == ["KITCHEN", "WIFI"]
    assert place["weekendPricePerNight"] == {"amount": 95_00}
    assert (place["weeklyDiscountPercent"], place["earlyBirdDays"]) == (10, 60)
    assert place["checkInWeekdays"] == ["MONDAY", "SATURDAY"]
    assert len(place["checkOutWeekdays"]) == 7
    assert place["photos"] == [{"url": "http://localhost:8000/media/a.jpg", "width": 10}]
    assert place["location"]["isExact"] is True
    text = place["id"]

    changes = {
        "propertyId": text,
        "title": "Boathouse",
        "weekendPricePerNight": None,
        "earlyBirdDays": None,
        "description": None,
        "minNights": 2,
    }
    changed = (await face.ask(UPDATE, host, input=changes))["updateProperty"]["property"]
    assert (changed["title"], changed["minNights"]) == ("Boathouse", 2)
    # Null clears what may be empty, and leaves the rest as it was.
    assert changed["weekendPricePerNight"] is None
    assert changed["earlyBirdDays"] is None
    assert changed["cleaningFee"] == {"amount": 20_00}

    publish = """mutation ($id: ID!) { publishProperty(input: {propertyId: $id}) { __typename
      ... on PublishPropertySuccess { property { status } }
      ... on PropertyIncompleteError { code missing } } }"""
    unpublish = publish.replace("publish", "unpublish").replace("Publish", "Unpublish")
    unpublish = unpublish.split("... on PropertyIncomplete")[0] + "} }"
    stranger = person(await add_host(face.db))
    assert (await face.ask(publish, stranger, id=text))["publishProperty"] == {
        "__typename": "NotFoundError"
    }
    search = "{ searchProperties { edges { node { id } } } }"
    assert (await face.ask(search))["searchProperties"]["edges"] == []
    done = (await face.ask(publish, host, id=text))["publishProperty"]
    assert done["property"] == {"status": "PUBLISHED"}
    assert (await face.ask(search))["searchProperties"]["edges"] == [{"node": {"id": text}}]
    down = (await face.ask(unpublish, host, id=text))["unpublishProperty"]
    assert down["property"] == {"status": "UNPUBLISHED"}
    async with face.db.transaction() as session:
        await session.execute(update(Property).values(status="SUSPENDED"))
    suspended = (await face.ask(publish, host, id=text))["publishProperty"]
    assert suspended["__typename"] == "ForbiddenError"


async def test_an_incomplete_property(face: Face) -> None:
    host = person(await add_host(face.db))
    bare = {key: value for key, value in LISTING.items() if key not in ("description", "photos")}
    made = (await face.ask(CREATE, host, input=bare))["createProperty"]["property"]
    publish = """mutation ($id: ID!) { publishProperty(input: {propertyId: $id}) {
      ... on PropertyIncompleteError { code missing } } }"""
    refused = (await face.ask(publish, host, id=made["id"]))["publishProperty"]
    assert refused == {"code": "PROPERTY_INCOMPLETE", "missing": ["description", "photos"]}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": ""}, "title"),
        ({"maxGuests": 0}, "maxGuests"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"bedrooms": 2**31 - 1}, "bedrooms"),
        ({"weeklyDiscountPercent": 2**31 - 1}, "weeklyDiscountPercent"),
        ({"cleaningFee": -1}, "cleaningFee"),
        ({"cleaningFee": 2**53}, "cleaningFee"),
        ({"checkInWeekdays": []}, "checkInWeekdays"),
        ({"minNights": 9, "maxNights": 3}, "minNights"),
        ({"photos": [{"url": "javascript:alert(1)", "width": 1, "height": 1}]}, "photos.url"),
    ],
)
async def test_bad_listings(face: Face, change: dict[str, Any], field: str) -> None:
    host = person(await add_host(face.db))
    refused = (await face.ask(CREATE, host, input=LISTING | change))["createProperty"]
    assert refused["__typename"] == "InvalidInputError"
    assert refused["field"].startswith(field)
    assert await rows(face, Property) == 0


async def test_a_payout_account(paying_face: Face) -> None:
    face = paying_face
    host = person(await add_host(face.db))
    query = f"""mutation ($back: String!) {{ createPayoutAccountLink(
      input: {{returnUrl: $back, refreshUrl: "https://app.example/again"}}) {{ __typename {ERROR}
        ... on InvalidInputError {{ field }}
        ... on CreatePayoutAccountLinkSuccess {{ url payoutAccount {{ id status provider }} }} }}
      }}"""
    for bad in ("javascript:alert(1)", "/here", "", "https://", "http://[", "https://a.example/\n"):
        refused = (await face.ask(query, host, back=bad))["createPayoutAccountLink"]
        assert (refused["__typename"], refused["field"]) == ("InvalidInputError", "returnUrl")
    data = await face.ask(query, host, back="https://app.example/done")
    link = data["createPayoutAccountLink"]
    assert link["url"].startswith("http")
    assert (link["payoutAccount"]["status"], link["payoutAccount"]["provider"]) == (
        "PENDING",
        "STRIPE",
    )
    shown = await face.ask("{ viewer { payoutAccount { id } } }", host)
    assert shown["viewer"]["payoutAccount"] == {"id": link["payoutAccount"]["id"]}


async def test_nothing_is_left_by_refusals(face: Face) -> None:
    guest = person(await add_user(face.db))
    before = await rows(face, User)
    # One succeeds; the others want a session that is open.
    own = {"revokeSession", "revokeAllSessions"}
    own |= {"requestDataExport", "deleteAccount", "cancelAccountDeletion"}
    for name, query in MUTATIONS.items():
        if name not in own | {"becomeHost"}:
            await face.ask(query, guest)
    assert await rows(face, Booking) == 0
    assert await rows(face, Property) == 0
    assert await rows(face, User) == before
