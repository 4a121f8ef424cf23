"""Receipts, invoices and credit notes: whose they are, and what they say."""

from datetime import UTC, datetime
from typing import Any

from app.actor import ANONYMOUS
from schema import ids
from tests.accounting import paying
from tests.schema.face import Face, person
from tests.support.statements import counted
from tests.support.world import add_user

AT = datetime(2026, 5, 4, 12, tzinfo=UTC)
SHOWN = """kind number issuedAt total { amount currency } pdfUrl
    lineItems { description amount { amount } } booking { id } corrects { number }"""
MINE = f"{{ viewer {{ documents {{ totalCount edges {{ node {{ id {SHOWN} }} }} }} }} }}"
OF_BOOKING = f"query ($id: ID!) {{ booking(id: $id) {{ documents {{ {SHOWN} }} }} }}"


def numbers(found: Any) -> list[str]:
    return [each["node"]["number"] for each in found["viewer"]["documents"]["edges"]]


async def test_each_side_has_its_own(face: Face) -> None:
    booking = await paying.stay(face.db)
    payment = await paying.paid(face.db, booking, AT)
    await paying.document(face.db, payment, AT)
    await paying.document_refund(face.db, await paying.given_back(face.db, payment, AT), AT)
    guest, host = person(payment.guest_id), person(payment.host_id)
    stranger = person(await add_user(face.db))
    mine = await face.ask(MINE, guest)
    assert numbers(mine) == ["R-2026-000002", "I-2026-000001", "R-2026-000001"]
    assert numbers(await face.ask(MINE, host)) == ["C-2026-000001", "I-2026-000002"]
    assert numbers(await face.ask(MINE, stranger)) == []
    refund, _, receipt = (each["node"] for each in mine["viewer"]["documents"]["edges"])
    assert refund["corrects"] == {"number": receipt["number"]}
    assert receipt["total"] == {"amount": 300_00, "currency": "EUR"}
    assert refund["total"] == {"amount": -132_50, "currency": "EUR"}
    assert sum(each["amount"]["amount"] for each in refund["lineItems"]) == -132_50
    assert receipt["booking"] == {"id": ids.encode("Booking", booking)}
    assert "/downloads/" in receipt["pdfUrl"]
    node = f"query ($id: ID!) {{ node(id: $id) {{ ... on Document {{ {SHOWN} }} }} }}"
    assert (await face.ask(node, guest, id=receipt["id"]))["node"]["number"] == receipt["number"]
    for other in (host, stranger, ANONYMOUS):
        assert (await face.ask(node, other, id=receipt["id"]))["node"] is None
    key = ids.encode("Booking", booking)
    of_guest = (await face.ask(OF_BOOKING, guest, id=key))["booking"]["documents"]
    of_host = (await face.ask(OF_BOOKING, host, id=key))["booking"]["documents"]
    assert [each["kind"] for each in of_guest] == ["RECEIPT", "INVOICE", "REFUND_RECEIPT"]
    assert [each["kind"] for each in of_host] == ["INVOICE", "CREDIT_NOTE"]
    # However many there are: one for the viewer, one for the documents, and those of each level.
    with counted(face.db) as statements:
        await face.run(MINE, guest)
    assert len(statements) <= 10, statements
    kinds = "{ viewer { documents(kind: [INVOICE]) { edges { node { number } } } } }"
    assert numbers(await face.ask(kinds, guest)) == ["I-2026-000001"]
