"""Codes over GraphQL: made, quoted, booked, paid for by whom they say, and given back."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from app import clock
from app.actor import Actor, Role
from app.ids import new_id
from app.ledger import queries as ledger
from app.payments import flows as payments
from app.payments import service as payment_rows
from db.enums import LedgerAccountKind
from db.models import LedgerAccount, Posting
from jobs import tasks
from schema import ids
from tests.schema.face import Face, gid, person
from tests.schema.test_bookings import BOOK
from tests.schema.trade import QUOTE
from tests.support.books import assert_books_balance
from tests.support.drain import drain
from tests.support.sandbox import Sandbox
from tests.support.world import add_host, add_property, add_staff, add_user

REFUSED = "... on PromotionRefusedError { code refusal }"
MADE = """{ __typename ... on InvalidInputError { field } ... on HostRequiredError { code }
  ... on CreatePromotionSuccess { promotion { id code percent uses isPlatforms
    amount { amount currency } minAmount { amount } properties { id } maxUsesPerGuest } } }"""
CREATE = f"mutation ($input: PromotionInput!) {{ createPromotion(input: $input) {MADE} }}"
STAFF_CREATE = f"""mutation ($input: StaffCreatePromotionInput!) {{
  staffCreatePromotion(input: $input) {MADE} }}"""
END = """mutation ($id: ID!) { endPromotion(input: {promotionId: $id}) { __typename
  ... on EndPromotionSuccess { promotion { endedAt } } } }"""
MINE = """{ viewer { promotions(first: 1) { totalCount pageInfo { hasNextPage endCursor }
  edges { node { code uses } } } } }"""
CANCEL = """mutation ($id: ID!) { cancelBooking(input: {bookingId: $id}) {
  ... on CancelBookingSuccess { refund { amount } } } }"""
PREVIEW = """query ($id: ID!) { booking(id: $id) { status hostPayout { amount }
  lineItems { kind amount { amount } } cancellationPreview { refund { amount } } } }"""

quoting = QUOTE.replace("... on InvalidInputError", f"{REFUSED} ... on InvalidInputError")
booking = BOOK.replace("... on InvalidInputError", f"{REFUSED} ... on InvalidInputError")


def stay(place: str, **more: Any) -> dict[str, Any]:
    """Two nights at 100.00."""
    first = clock.now().date() + timedelta(days=60)
    return {
        "propertyId": place,
        "checkIn": str(first),
        "checkOut": str(first + timedelta(days=2)),
        "guests": {"adults": 2},
    } | more


async def make(face: Face, actor: Actor, **input: Any) -> dict[str, Any]:
    done = await face.ask(CREATE, actor, input={"code": "SUMMER", "percent": 10} | input)
    made: dict[str, Any] = done["createPromotion"]
    return made


async def test_codes_are_made_listed_and_ended(face: Face) -> None:
    host_id = await add_host(face.db)
    host, place = person(host_id), gid("Property", await add_property(face.db, host_id))
    made = await make(
        face,
        host,
        code="ten-euros",
        percent=None,
        amount={"amount": 10_00, "currency": "EUR"},
        minAmount={"amount": 50_00, "currency": "EUR"},
        propertyIds=[place],
    )
    promotion = made["promotion"]
    assert promotion.pop("id")
    assert promotion == {
        "code": "TEN-EUROS",
        "percent": None,
        "uses": 0,
        "isPlatforms": False,
        "amount": {"amount": 10_00, "currency": "EUR"},
        "minAmount": {"amount": 50_00},
        "properties": [{"id": place}],
        "maxUsesPerGuest": 1,
    }
    second = (await make(face, host))["promotion"]
    page = (await face.ask(MINE, host))["viewer"]["promotions"]
    assert page["totalCount"] == 2
    assert page["pageInfo"]["hasNextPage"]
    assert page["edges"] == [{"node": {"code": "SUMMER", "uses": 0}}]
    ended = (await face.ask(END, host, id=second["id"]))["endPromotion"]
    assert ended["promotion"]["endedAt"]
    again = (await face.ask(END, host, id=second["id"]))["endPromotion"]
    assert again == ended
    mixed = await make(
        face,
        host,
        amount={"amount": 1, "currency": "EUR"},
        minAmount={"amount": 1, "currency": "JPY"},
    )
    assert mixed["field"] == "minAmount"
    guest = person(await add_user(face.db))
    assert (await make(face, guest))["code"] == "HOST_REQUIRED"


async def test_quotes_are_cheaper_or_say_why_not(face: Face) -> None:
    host_id = await add_host(face.db)
    place = gid("Property", await add_property(face.db, host_id))
    await make(face, person(host_id), minNights=2)
    found = (await face.ask(quoting, input=stay(place, promotionCode="summer")))["quote"]
    assert [(line["kind"], line["amount"]["amount"]) for line in found["lineItems"]] == [
        ("NIGHTS", 200_00),
        ("HOST_PROMOTION", -20_00),
        ("SERVICE_FEE", 21_60),
    ]
    assert found["total"]["amount"] == 201_60
    short = stay(place, promotionCode="SUMMER")
    short["checkOut"] = str(clock.now().date() + timedelta(days=61))
    refused = (await face.ask(quoting, input=short))["quote"]
    assert (refused["code"], refused["refusal"]) == ("PROMOTION_REFUSED", "TOO_FEW_NIGHTS")


async def test_guesses_are_counted_and_right_ones_are_not(face: Face) -> None:
    host_id = await add_host(face.db)
    place = gid("Property", await add_property(face.db, host_id))
    await make(face, person(host_id), minNights=3)
    guest = person(await add_user(face.db))
    # Codes that there are, also those that are refused, cost nothing. Asked of one schema only:
    # each guess counts.
    alone = Face(face.schema, face.runtime)
    for _ in range(25):
        known = await alone.ask(quoting, guest, input=stay(place, promotionCode="SUMMER"))
        assert known["quote"]["refusal"] == "TOO_FEW_NIGHTS"
    for _ in range(20):
        unknown = await alone.ask(quoting, guest, input=stay(place, promotionCode="GUESS"))
        assert unknown["quote"]["refusal"] == "NOT_VALID"
    for code in ("GUESS", "SUMMER"):
        codes = await alone.codes(quoting, guest, input=stay(place, promotionCode=code))
        assert codes == ["RATE_LIMITED"]
    assert (await alone.ask(quoting, guest, input=stay(place)))["quote"]["total"]


@pytest.mark.parametrize("by_host", [True, False])
async def test_who_pays_for_a_code_is_in_the_books(
    paying_face: Face, schema_sandbox: Sandbox, by_host: bool
) -> None:
    face, runtime = paying_face, paying_face.runtime
    tasks.load()
    host_id, guest = await add_host(face.db), person(await add_user(face.db))
    place = gid("Property", await add_property(face.db, host_id, cancellation_policy="STRICT"))
    if by_host:
        await make(face, person(host_id), percent=50)
    else:
        admin = await add_staff(face.db, Role.ADMIN)
        input = {"promotion": {"code": "SUMMER", "percent": 50}, "reason": "Spring."}
        made = (await face.ask(STAFF_CREATE, admin, input=input))["staffCreatePromotion"]
        assert made["promotion"]["isPlatforms"]
    # 200.00 less 100.00, and the service fee of 12 % of what the stay is worth.
    fee = 12_00 if by_host else 24_00
    wanted = stay(
        place,
        promotionCode="SUMMER",
        expectedTotal={"amount": 100_00 + fee, "currency": "EUR"},
        idempotencyKey=new_id().hex,
    )
    done = (await face.ask(booking, guest, input=wanted))["createBooking"]
    assert done["payment"]["amount"]["amount"] == 100_00 + fee
    await _pay(face, schema_sandbox, done)
    id = done["booking"]["id"]
    assert await _balances(face) == {
        "HOST_PAYABLE": -(97_00 if by_host else 194_00),
        "PLATFORM_REVENUE": -(15_00 if by_host else 30_00),
        "PROMOTIONS": 0 if by_host else 100_00,
    }
    # Strict, and past the day of grace: half of the nights, and half of what was paid of them.
    moved = clock.now() + timedelta(days=2)
    clock.freeze(moved)
    try:
        shown = (await face.ask(PREVIEW, guest, id=id))["booking"]
        assert shown["cancellationPreview"]["refund"]["amount"] == 50_00
        cancelled = (await face.ask(CANCEL, guest, id=id))["cancelBooking"]
        assert cancelled["refund"]["amount"] == 50_00
        await drain(runtime, skip="notifications.")
    finally:
        clock.freeze(None)
    found = await _balances(face)
    assert found["HOST_PAYABLE"] == -(48_50 if by_host else 97_00)
    assert found["PROMOTIONS"] == (0 if by_host else 50_00)
    await assert_books_balance(face.db, schema_sandbox)


async def _pay(face: Face, sandbox: Sandbox, done: dict[str, Any]) -> None:
    key = ids.key_of("Payment", done["payment"]["id"])
    assert key is not None
    async with face.db.read() as connection:
        payment = await payment_rows.get(connection, key)
    params: Any = {
        "payment_method": "pm_card_visa",
        "client_secret": done["payment"]["clientSecret"],
    }
    assert payment.provider_payment_id is not None
    await sandbox.browser().v1.payment_intents.confirm_async(payment.provider_payment_id, params)
    await payments.sync(face.db, face.runtime.providers, key)
    await drain(face.runtime, skip="notifications.")


async def _balances(face: Face) -> dict[str, int]:
    """Of all owners together; what the provider keeps is ours to bear, and looked at elsewhere."""
    kinds = ("HOST_PAYABLE", "PLATFORM_REVENUE", "PROMOTIONS")
    return {kind: await _balance(face, kind) for kind in kinds}


async def _balance(face: Face, kind: str) -> int:
    async with face.db.read() as connection:
        total = await connection.scalar(
            select(func.coalesce(func.sum(Posting.amount_minor), 0))
            .join(LedgerAccount, LedgerAccount.id == Posting.account_id)
            .where(LedgerAccount.kind == LedgerAccountKind(kind))
        )
        assert await ledger.verify(connection) == []
    return int(total or 0)
