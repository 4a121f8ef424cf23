"""A document as a file, from its payment to the browser."""

from litestar import Litestar

from app import clock
from app.accounting.downloads import LASTS, DocumentFile, address_of
from app.http.state import KEYS
from app.ids import new_id
from db.session import Database
from tests.accounting import paying
from tests.http.conftest import client_of


async def test_a_receipt_is_downloaded(api: Litestar, db: Database) -> None:
    now = clock.now()
    payment = await paying.paid(db, await paying.stay(db), now)
    await paying.document(db, payment, now)
    receipt = next(each for each in await paying.issued(db) if each.kind == "RECEIPT")
    keys = api.state[KEYS]
    address = address_of(keys, DocumentFile(receipt.id), now)
    async with client_of(api) as client:
        answer = await client.get(address)
        again = await client.get(address)
        for wrong in (
            address[:-1] + ("A" if address[-1] != "A" else "Q"),
            address_of(keys, DocumentFile(receipt.id), now - LASTS),
            address_of(keys, DocumentFile(new_id()), now),
        ):
            refused = await client.get(wrong)
            assert (refused.status_code, refused.json()["code"]) == (400, "LINK_REFUSED")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["cache-control"] == "no-store"
    name = f'attachment; filename="{receipt.number}.pdf"'
    assert answer.headers["content-disposition"] == name
    assert answer.content.startswith(b"%PDF-")
    assert again.content == answer.content
