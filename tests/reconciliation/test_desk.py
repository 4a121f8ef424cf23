"""What staff do about what differs, over both providers' sandboxes."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app import clock
from app.actor import Actor, Role
from app.errors import Invalid, NotFound
from app.ids import new_id
from app.ledger import queries as ledger
from app.reconciliation import desk, flows
from db.enums import DifferenceResolution, LedgerAccountKind
from db.models import Reconciliation, StaffAction
from tests.reconciliation.support import assert_balanced, differences, held, reconcile
from tests.support import world
from tests.support.money import Till


async def admin(till: Till) -> Actor:
    return await world.add_staff(till.db, Role.ADMIN)


async def test_staff_release_payouts_until_it_differs_otherwise(books: Till) -> None:
    payment_id = await books.paid()
    charge = str((await books.payment(payment_id)).provider_payment_id)
    await books.refund_by_hand(charge, 5_00)
    await books.arrive()
    await reconcile(books)
    actor = await admin(books)
    till = (books.provider.name, books.currency)
    now = clock.now()
    await books.db.run(lambda session: desk.release(session, actor, *till, "We know of it.", now))
    assert not await held(books)
    (one,) = await differences(books)
    assert (one.resolved_at, one.release_reason) == (None, "We know of it.")
    await reconcile(books, timedelta(hours=3))
    assert not await held(books)
    with pytest.raises(Invalid):
        await books.db.run(lambda session: desk.release(session, actor, *till, "Again.", now))
    await books.refund_by_hand(charge, 1_00)
    await books.arrive()
    await reconcile(books, timedelta(hours=4))
    assert await held(books)


async def test_staff_bring_the_books_to_what_the_provider_says(books: Till) -> None:
    payment_id = await books.paid()
    charge = str((await books.payment(payment_id)).provider_payment_id)
    await books.refund_by_hand(charge, 5_00)
    await books.arrive()
    await reconcile(books)
    (one,) = await differences(books)
    actor, now = await admin(books), clock.now()
    await books.db.run(
        lambda session: desk.book(session, actor, one.id, "Agreed with the guest.", now)
    )
    with pytest.raises(NotFound):
        await books.db.run(lambda session: desk.book(session, actor, one.id, "Again.", now))
    await reconcile(books, timedelta(hours=3))
    (one,) = await differences(books)
    assert one.resolution == DifferenceResolution.BOOKED
    assert not await held(books)
    await assert_balanced(books)
    async with books.db.read() as connection:
        rest = await ledger.balance(connection, LedgerAccountKind.SUSPENSE, books.currency)
        lines = await connection.execute(select(StaffAction.kind, StaffAction.object_id))
        assert [tuple(line) for line in lines] == [("DIFFERENCE_BOOKED", one.id)]
    assert rest == 5_00


@pytest.mark.parametrize("role", [Role.USER, Role.SUPPORT])
async def test_others_may_do_nothing_about_it(any_till: Till, role: Role) -> None:
    actor = await world.add_staff(any_till.db, role)
    name, now = any_till.provider.name, clock.now()
    for act in (
        lambda session: desk.start(session, actor, name, "Why not.", now),
        lambda session: desk.release(session, actor, name, "EUR", "Why not.", now),
        lambda session: desk.book(session, actor, new_id(), "Why not.", now),
    ):
        with pytest.raises(NotFound):
            await any_till.db.run(act)
    async with any_till.db.read() as connection:
        assert await connection.scalar(select(func.count()).select_from(Reconciliation)) == 0


async def test_staff_have_it_compared_now(any_till: Till) -> None:
    actor, name = await admin(any_till), any_till.provider.name
    now = clock.now()
    first = await any_till.db.run(
        lambda session: desk.start(session, actor, name, "It looks odd.", now)
    )
    again = await any_till.db.run(
        lambda session: desk.start(session, actor, name, "It looks odd.", now)
    )
    assert first == again
    await flows.resume(any_till.db, {name: any_till.provider}, now, lambda: False)
    async with any_till.db.read() as connection:
        assert (await connection.scalars(select(Reconciliation.step))).all() == ["DONE"]
