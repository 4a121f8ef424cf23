"""Mobile money through the schema: how a stay is paid by phone, and how hosts are paid so."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import select

from app.actor import ANONYMOUS
from app.config import Settings
from app.payments import flows
from app.runtime import open_runtime
from db.models import Payment, PayoutAccount
from jobs import tasks
from schema.transport.schema import Schema
from tests.schema.face import Face, gid, person
from tests.schema.trade import ERROR, booking_input, let
from tests.support.books import assert_books_balance
from tests.support.drain import drain
from tests.support.paystack import PHONE_BY_HAND, PaystackSandbox
from tests.support.world import add_host, add_user

BOOK = f"""mutation ($input: CreateBookingInput!) {{ createBooking(input: $input) {{
  __typename {ERROR}
  ... on CreateBookingSuccess {{
    booking {{ id status expiresAt }}
    payment {{ provider method clientSecret publishableKey redirectUrl }} }}
  ... on StayNotAllowedError {{ reason }} }} }}"""
ACCEPT = f"""mutation ($id: ID!) {{ acceptBooking(input: {{ bookingId: $id }}) {{
  __typename {ERROR}
  ... on AcceptBookingSuccess {{ booking {{ status payment {{ redirectUrl }} }} }} }} }}"""
STATUS = "query ($id: ID!) { booking(id: $id) { status payment { status redirectUrl } } }"
SET = f"""mutation ($input: SetPayoutRecipientInput!) {{ setPayoutRecipient(input: $input) {{
  __typename {ERROR} ... on InvalidInputError {{ field }}
  ... on SetPayoutRecipientSuccess {{
    payoutAccount {{ id provider status currency label }} }} }} }}"""
ACCOUNTS = """{ viewer { payoutAccount { provider }
  payoutAccounts { id provider status currency label } } }"""
INSTITUTIONS = """query ($currency: CurrencyCode!, $kind: PayoutAccountKind!) {
  payoutInstitutions(currency: $currency, kind: $kind) { code name } }"""
NO_MAIL = "notifications."
CEDIS = {"amount": 336_00, "currency": "GHS"}
PHONE = {
    "currency": "GHS",
    "kind": "MOBILE_MONEY",
    "institutionCode": "MTN",
    "accountNumber": "024 400 0100",
    "accountName": "Kofi Boateng",
}


@pytest.fixture
async def ghana(
    settings: Settings, whole_schema: Schema, core_schema: Schema, telco: PaystackSandbox
) -> AsyncIterator[Face]:
    """With Paystack, which knows of no money yet, and where nothing happens by itself."""
    await telco.control.reset()
    await telco.control.hold()
    settings = msgspec.structs.replace(
        settings, paystack_secret_key=telco.secret_key, paystack_api_base=telco.base_url
    )
    tasks.load()
    async with open_runtime(settings) as runtime:
        yield Face(whole_schema, runtime, core_schema)


async def paid_by_phone(face: Face, telco: PaystackSandbox) -> None:
    """The guest approves on their phone; nobody tells us, we ask."""
    async with face.db.read() as connection:
        payment = (await connection.execute(select(Payment).order_by(Payment.id.desc()))).first()
    assert payment is not None
    await telco.control.pay(payment.provider_payment_id, phone=PHONE_BY_HAND)
    await telco.control.answer_phone(payment.provider_payment_id)
    await flows.sync(face.db, face.runtime.providers, payment.id)
    await drain(face.runtime, skip=NO_MAIL)


async def test_how_a_stay_can_be_paid(ghana: Face, face: Face) -> None:
    ask = "query ($id: ID!) { property(id: $id) { paymentMethods } }"
    for with_telco, currency, methods in (
        (True, "GHS", ["CARD", "MOBILE_MONEY"]),
        (True, "EUR", ["CARD"]),
        (False, "GHS", ["CARD"]),
    ):
        place, _ = await let(ghana, currency=currency)
        found = await (ghana if with_telco else face).ask(ask, id=place)
        assert found["property"]["paymentMethods"] == methods


async def test_an_instant_booking_is_paid_by_phone(ghana: Face, telco: PaystackSandbox) -> None:
    place, _ = await let(ghana, currency="GHS")
    guest = person(await add_user(ghana.db))
    given = booking_input(place, expectedTotal=CEDIS, paymentMethod="MOBILE_MONEY")
    made = (await ghana.ask(BOOK, guest, input=given))["createBooking"]
    assert made["booking"]["status"] == "PENDING_PAYMENT"
    payment = made["payment"]
    assert (payment["provider"], payment["method"]) == ("PAYSTACK", "MOBILE_MONEY")
    assert payment["redirectUrl"].startswith(f"{telco.base_url}/pay/")
    assert (payment["clientSecret"], payment["publishableKey"]) == (None, None)
    await paid_by_phone(ghana, telco)
    seen = (await ghana.ask(STATUS, guest, id=made["booking"]["id"]))["booking"]
    assert seen == {"status": "CONFIRMED", "payment": {"status": "PAID", "redirectUrl": None}}
    await assert_books_balance(ghana.db, telco)


async def test_a_request_is_paid_after_it_is_accepted(ghana: Face, telco: PaystackSandbox) -> None:
    """Mobile money cannot be held: the host is asked first, and nothing is taken before."""
    place, host = await let(ghana, currency="GHS", instant_book=False)
    guest = person(await add_user(ghana.db))
    given = booking_input(place, expectedTotal=CEDIS, paymentMethod="MOBILE_MONEY")
    made = (await ghana.ask(BOOK, guest, input=given))["createBooking"]
    assert (made["booking"]["status"], made["payment"]) == ("PENDING_HOST", None)
    assert await drain(ghana.runtime, skip=NO_MAIL) == []
    assert (await telco.control.state())["transactions"] == []
    again = (await ghana.ask(BOOK, guest, input=given))["createBooking"]
    assert again["booking"]["id"] == made["booking"]["id"]
    taken = booking_input(place, expectedTotal=CEDIS)
    refused = await ghana.ask(BOOK, person(await add_user(ghana.db)), input=taken)
    assert refused["createBooking"]["__typename"] == "DatesUnavailableError"

    accepted = (await ghana.ask(ACCEPT, host, id=made["booking"]["id"]))["acceptBooking"]
    assert accepted["booking"]["status"] == "PENDING_PAYMENT"
    # How to pay is the guest's business.
    assert accepted["booking"]["payment"]["redirectUrl"] is None
    seen = (await ghana.ask(STATUS, guest, id=made["booking"]["id"]))["booking"]
    assert seen["payment"]["redirectUrl"].startswith(telco.base_url)
    await paid_by_phone(ghana, telco)
    seen = (await ghana.ask(STATUS, guest, id=made["booking"]["id"]))["booking"]
    assert seen["status"] == "CONFIRMED"
    await assert_books_balance(ghana.db, telco)


async def test_a_request_that_is_declined_has_nothing_to_give_back(
    ghana: Face, telco: PaystackSandbox
) -> None:
    place, host = await let(ghana, currency="GHS", instant_book=False)
    guest = person(await add_user(ghana.db))
    given = booking_input(place, expectedTotal=CEDIS, paymentMethod="MOBILE_MONEY")
    made = (await ghana.ask(BOOK, guest, input=given))["createBooking"]
    decline = "mutation ($id: ID!) { declineBooking(input: {bookingId: $id}) { __typename } }"
    done = (await ghana.ask(decline, host, id=made["booking"]["id"]))["declineBooking"]
    assert done["__typename"] == "DeclineBookingSuccess"
    await drain(ghana.runtime, skip=NO_MAIL)
    assert (await telco.control.state())["transactions"] == []


async def test_where_a_host_is_paid(ghana: Face) -> None:
    host = person(await add_host(ghana.db))
    for kind, codes in (
        ("MOBILE_MONEY", {"MTN", "ATL", "VOD"}),
        ("BANK_ACCOUNT", {"040100", "130100"}),
    ):
        shown = await ghana.ask(INSTITUTIONS, host, currency="GHS", kind=kind)
        assert {one["code"] for one in shown["payoutInstitutions"]} == codes
    set_to = (await ghana.ask(SET, host, input=PHONE))["setPayoutRecipient"]
    account = set_to["payoutAccount"]
    assert (account["provider"], account["status"], account["currency"]) == (
        *("PAYSTACK", "ACTIVE"),
        "GHS",
    )
    assert account["label"] == "MTN ···· 0100"
    # Another number replaces it; another currency is another account.
    moved = await ghana.ask(SET, host, input=PHONE | {"accountNumber": "0244000200"})
    assert moved["setPayoutRecipient"]["payoutAccount"]["id"] == account["id"]
    kenya = {"currency": "KES", "institutionCode": "MPESA", "accountNumber": "+254710000000"}
    await ghana.ask(SET, host, input=PHONE | kenya)
    shown = (await ghana.ask(ACCOUNTS, host))["viewer"]
    assert shown["payoutAccount"] is None
    assert [row["label"] for row in shown["payoutAccounts"]] == [
        "MTN ···· 0200",
        "M-PESA ···· 0000",
    ]
    async with ghana.db.read() as connection:
        kept = (await connection.execute(select(PayoutAccount.provider_account_id))).scalars().all()
    assert all(str(code).startswith("RCP_") for code in kept)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"accountNumber": "12"}, "accountNumber"),
        ({"accountNumber": "many digits"}, "accountNumber"),
        ({"institutionCode": "NONE"}, "accountNumber"),
        ({"accountName": ""}, "accountName"),
        ({"currency": "EUR"}, "currency"),
        ({"currency": "KES", "kind": "BANK_ACCOUNT"}, "accountNumber"),
    ],
)
async def test_where_a_host_cannot_be_paid(ghana: Face, change: dict[str, Any], field: str) -> None:
    host = person(await add_host(ghana.db))
    refused = (await ghana.ask(SET, host, input=PHONE | change))["setPayoutRecipient"]
    assert (refused["__typename"], refused["field"]) == ("InvalidInputError", field)


async def test_who_may_say_where(ghana: Face) -> None:
    guest = person(await add_user(ghana.db))
    refused = (await ghana.ask(SET, guest, input=PHONE))["setPayoutRecipient"]
    assert refused["__typename"] == "HostRequiredError"
    assert await ghana.codes(SET, ANONYMOUS, input=PHONE) == ["UNAUTHENTICATED"]
    wanted = {"currency": "GHS", "kind": "MOBILE_MONEY"}
    assert await ghana.codes(INSTITUTIONS, ANONYMOUS, **wanted) == ["UNAUTHENTICATED"]
    euros = await ghana.ask(INSTITUTIONS, guest, **wanted | {"currency": "EUR"})
    assert euros["payoutInstitutions"] == []
    host = await add_host(ghana.db)
    await ghana.ask(SET, person(host), input=PHONE)
    seen = "query ($id: ID!) { node(id: $id) { ... on User { payoutAccounts { id } } } }"
    assert (await ghana.ask(seen, guest, id=gid("User", host)))["node"]["payoutAccounts"] is None


async def test_a_silent_provider(ghana: Face, telco: PaystackSandbox) -> None:
    host = person(await add_host(ghana.db))
    await telco.control.fault(kind="error", status=503, times=9)
    refused = (await ghana.ask(SET, host, input=PHONE))["setPayoutRecipient"]
    assert refused["__typename"] == "PaymentUnavailableError"
    assert await payout_accounts(ghana) == []


async def payout_accounts(face: Face) -> list[UUID]:
    async with face.db.read() as connection:
        return list((await connection.scalars(select(PayoutAccount.id))).all())
