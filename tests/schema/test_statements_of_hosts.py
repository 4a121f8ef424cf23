"""Hosts' statements and the platform's reports: who gets them, and as which files."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from app import clock
from app.accounting import flows
from app.actor import ANONYMOUS, Actor, Role
from app.identity.client import Client
from app.identity.errors import LinkRefused
from app.identity.tokens import load_keys
from db.models import Booking, StaffAction, User
from schema import ids
from tests.accounting import paying
from tests.schema.face import Face, person
from tests.support.statements import counted
from tests.support.world import add_host, add_staff

AT = datetime(2026, 5, 10, 12, tzinfo=UTC)
MONTH = """query ($month: String!) { viewer {
    hostStatementMonths { month currency }
    hostStatement(month: $month, currency: "EUR") { month currency csvUrl
      openingBalance { amount } closingBalance { amount } inTransit { amount }
      amounts { earnings { amount } fees { amount } refunds { amount } adjustments { amount }
        payouts { amount } total { amount } }
      bookings(first: 1) { totalCount pageInfo { hasNextPage }
        edges { node { booking { id } amounts { total { amount } } } } } } } }"""
OF_BOOKING = """query ($id: ID!) { booking(id: $id) { hostStatement { csvUrl
    amounts { total { amount currency } } lines { kind amounts { total { amount } } } } } }"""
REPORTS = """query ($from: String!, $to: String!) {
    staffRevenue(from: $from, to: $to) { csvUrl rows { month currency guestFees { amount }
      hostFees { amount } other { amount } promotions { amount } providerFees { amount }
      disputeLosses { amount } net { amount } } }
    staffTaxes(from: $from, to: $to) { csvUrl rows { month country region name
      collected { amount } refunded { amount } lost { amount } net { amount } } } }"""


async def fetched(face: Face, address: str) -> list[dict[str, str]]:
    """The table of an address."""
    settings = face.runtime.settings
    code = address.rsplit("/", 1)[1]
    made = await flows.download(
        face.db, face.runtime.limiter, settings, load_keys(settings), code, Client(), clock.now()
    )
    assert made.media_type.startswith("text/csv")
    return list(csv.DictReader(io.StringIO(made.content.decode(), newline="")))


async def trade(face: Face, host_id: UUID) -> list[UUID]:
    """Two stays that were paid for; of the first, a part was given back."""
    stays = [await paying.stay(face.db, host_id) for _ in range(2)]
    first, _ = [await paying.paid(face.db, each, AT) for each in stays]
    await paying.given_back(face.db, first, AT + timedelta(days=1))
    return stays


def amounts(found: dict[str, Any]) -> dict[str, int]:
    return {name: value["amount"] for name, value in found.items() if isinstance(value, dict)}


async def test_a_host_reads_a_month(face: Face) -> None:
    host_id = await add_host(face.db)
    stays = await trade(face, host_id)
    host = person(host_id)
    with counted(face.db) as sent:
        viewer = (await face.ask(MONTH, host, month="2026-05"))["viewer"]
    # The viewer, months, balances (2), sums, bookings and their number; asked of two engines.
    assert len(sent) <= 2 * 9, sent
    assert viewer["hostStatementMonths"] == [{"month": "2026-05", "currency": "EUR"}]
    statement = viewer["hostStatement"]
    assert amounts(statement["amounts"]) == {
        "earnings": 500_00,
        "fees": -13_50,
        "refunds": -125_00,
        "adjustments": 0,
        "payouts": 0,
        "total": 361_50,
    }
    assert statement["openingBalance"]["amount"] == statement["inTransit"]["amount"] == 0
    assert statement["closingBalance"]["amount"] == 361_50
    page = statement["bookings"]
    assert (page["totalCount"], page["pageInfo"]["hasNextPage"]) == (2, True)
    (edge,) = page["edges"]
    assert edge["node"]["booking"]["id"] == ids.encode("Booking", stays[1])
    rows = await fetched(face, statement["csvUrl"])
    assert [row["movement"] for row in rows[1:-1]] == ["CAPTURE", "CAPTURE", "REFUND_DUE"]
    assert rows[-1]["balance"] == "361.50"
    june = (await face.ask(MONTH, host, month="2026-06"))["viewer"]["hostStatement"]
    assert june["openingBalance"]["amount"] == 361_50
    assert await face.codes(MONTH, host, month="June") == ["BAD_USER_INPUT"]


async def test_a_booking_for_its_host_alone(face: Face) -> None:
    host_id = await add_host(face.db)
    first, _ = await trade(face, host_id)
    key = ids.encode("Booking", first)
    told = (await face.ask(OF_BOOKING, person(host_id), id=key))["booking"]["hostStatement"]
    assert told["amounts"]["total"] == {"amount": 120_50, "currency": "EUR"}
    assert [(each["kind"], each["amounts"]["total"]["amount"]) for each in told["lines"]] == [
        ("CAPTURE", 241_00),
        ("REFUND_DUE", -120_50),
    ]
    assert len(await fetched(face, told["csvUrl"])) == 2
    async with face.db.read() as connection:
        guest = await connection.scalar(select(Booking.guest_id).where(Booking.id == first))
    shown = await face.ask(OF_BOOKING, person(UUID(str(guest))), id=key)
    assert shown["booking"]["hostStatement"] is None


async def test_reports_are_for_admins_and_leave_lines(face: Face) -> None:
    host_id = await add_host(face.db)
    await trade(face, host_id)
    asked = {"from": "2026-05", "to": "2026-06"}
    admin = await add_staff(face.db, Role.ADMIN)
    support = await add_staff(face.db, Role.SUPPORT)
    for nobody in (ANONYMOUS, person(host_id), support):
        assert await face.ask(REPORTS, nobody, **asked) == {
            "staffRevenue": None,
            "staffTaxes": None,
        }
    assert await lines(face) == 0
    told = await face.ask(REPORTS, admin, **asked)
    # Once for each of the two engines.
    assert await lines(face) >= 2
    (revenue,) = told["staffRevenue"]["rows"]
    assert revenue["month"] == "2026-05"
    assert amounts(revenue) == {
        "guestFees": 70_00,
        "hostFees": 13_50,
        "other": 0,
        "promotions": 0,
        "providerFees": 0,
        "disputeLosses": 0,
        "net": 83_50,
    }
    (tax,) = told["staffTaxes"]["rows"]
    assert (tax["country"], tax["region"], tax["name"]) == ("PT", "Lisbon", "City tax")
    assert (tax["collected"]["amount"], tax["refunded"]["amount"]) == (30_00, -7_50)
    before = await lines(face)
    (row,) = await fetched(face, told["staffRevenue"]["csvUrl"])
    assert row["net"] == "83.50"
    (row,) = await fetched(face, told["staffTaxes"]["csvUrl"])
    assert row["net"] == "22.50"
    assert await lines(face) == before + 2
    for wrong in ({"from": "2026-05", "to": "2026-04"}, {"from": "x", "to": "2026-04"}):
        assert set(await face.codes(REPORTS, admin, **wrong)) == {"BAD_USER_INPUT"}


async def test_an_address_is_worth_nothing_to_who_is_an_admin_no_more(face: Face) -> None:
    admin: Actor = await add_staff(face.db, Role.ADMIN)
    asked = {"from": "2026-05", "to": "2026-06"}
    address = (await face.ask(REPORTS, admin, **asked))["staffTaxes"]["csvUrl"]
    assert await fetched(face, address) == []
    async with face.db.transaction() as session:
        await session.execute(
            update(User).where(User.id == admin.user_id).values(role=Role.SUPPORT)
        )
    with pytest.raises(LinkRefused):
        await fetched(face, address)


async def lines(face: Face) -> int:
    async with face.db.read() as connection:
        found = await connection.scalars(
            select(StaffAction.id).where(StaffAction.kind == "BOOKS_READ")
        )
        return len(found.all())
