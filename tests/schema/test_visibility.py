"""Who sees what: the same through `node`, `nodes` and the direct fields."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import insert, select, update

from app import clock
from app.actor import ANONYMOUS, Actor, Role
from app.ids import new_id
from db.enums import BookingStatus
from db.models import (
    Booking,
    Payment,
    Payout,
    PayoutAccount,
    PayoutItem,
    Property,
    PropertyPhoto,
)
from tests.schema.face import Face, gid, person
from tests.support.world import add_booking, add_host, add_property, add_review, add_staff, add_user

NODE = "query ($id: ID!) { node(id: $id) { __typename id } }"


class Scene(msgspec.Struct, kw_only=True):
    """One of each kind of object, and everybody who might look at it."""

    actors: Mapping[str, Actor]
    ids: Mapping[str, str]
    property_id: UUID
    booking_id: UUID


@pytest.fixture
async def scene(face: Face) -> Scene:
    """A published property with an open booking; an unpublished one with a booking and review."""
    db = face.db
    clock.freeze(None)
    host, guest, stranger = await add_host(db), await add_user(db), await add_user(db)
    public = await add_property(db, host)
    hidden = await add_property(db, host, status="UNPUBLISHED")
    soon = clock.now().date() + timedelta(days=30)
    booking = await add_booking(db, public, guest, host, check_in=soon, status="PENDING_PAYMENT")
    booking_there = await add_booking(
        db, hidden, guest, host, check_in=soon + timedelta(days=9), status="PENDING_HOST"
    )
    review = await add_review(db, hidden, host, guest, booking_id=booking_there, rating=4)
    payment, payout, account = new_id(), new_id(), new_id()
    async with db.transaction() as session:
        await session.execute(
            insert(Payment).values(
                id=payment,
                booking_id=booking,
                attempt=1,
                provider="STRIPE",
                provider_payment_id=f"pi_{payment.hex}",
                method="CARD",
                status="PENDING",
                amount_minor=300_00,
                currency="EUR",
                guest_id=guest,
                host_id=host,
                host_minor=291_00,
                platform_minor=9_00,
                tax_minor=0,
                manual_capture=False,
                client_secret="pi_secret",
                redirect_url="https://pay.example/pi",
                failure_code="card_declined",
            )
        )
        await session.execute(
            insert(PayoutAccount).values(id=account, user_id=host, provider="STRIPE")
        )
        await session.execute(
            insert(Payout).values(
                id=payout,
                host_id=host,
                provider="STRIPE",
                currency="EUR",
                amount_minor=100,
                status="RESERVED",
            )
        )
        await session.execute(
            insert(PayoutItem).values(payout_id=payout, booking_id=booking, amount_minor=100)
        )
        photos = {
            row.property_id: row.id
            for row in await session.execute(select(PropertyPhoto.property_id, PropertyPhoto.id))
        }
    return Scene(
        actors={
            "anonymous": ANONYMOUS,
            "stranger": person(stranger),
            "guest": person(guest),
            "host": person(host),
            "support": await add_staff(db, Role.SUPPORT),
        },
        ids={
            "User": gid("User", guest),
            "Property": gid("Property", public),
            "Property (hidden)": gid("Property", hidden),
            "Photo": gid("Photo", photos[public]),
            "Photo (hidden)": gid("Photo", photos[hidden]),
            "Review (hidden)": gid("Review", review),
            "Booking": gid("Booking", booking),
            "Payment": gid("Payment", payment),
            "Payout": gid("Payout", payout),
            "PayoutAccount": gid("PayoutAccount", account),
        },
        property_id=public,
        booking_id=booking,
    )


EVERYBODY = {"anonymous", "stranger", "guest", "host", "support"}
PARTIES = {"guest", "host", "support"}
SEES = {
    "User": EVERYBODY,
    "Property": EVERYBODY,
    "Property (hidden)": PARTIES,
    "Photo": EVERYBODY,
    "Photo (hidden)": PARTIES,
    "Review (hidden)": EVERYBODY,
    "Booking": PARTIES,
    "Payment": PARTIES,
    "Payout": {"host"},
    "PayoutAccount": {"host"},
}


async def test_who_sees_which_object(face: Face, scene: Scene) -> None:
    seen = {
        kind: {
            name
            for name, actor in scene.actors.items()
            if (await face.ask(NODE, actor, id=text))["node"] is not None
        }
        for kind, text in scene.ids.items()
    }
    assert seen == SEES


async def test_direct_fields_and_nodes_agree_with_node(face: Face, scene: Scene) -> None:
    fields = {
        "Property": "property",
        "Property (hidden)": "property",
        "Booking": "booking",
    }
    for name, actor in scene.actors.items():
        for kind, field in fields.items():
            query = f"query ($id: ID!) {{ {field}(id: $id) {{ id }} }}"
            found = (await face.ask(query, actor, id=scene.ids[kind]))[field]
            assert (found is not None) == (name in SEES[kind]), (name, kind)
        query = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
        unknown = gid("Booking", new_id())
        asked = ["nonsense", *scene.ids.values(), unknown, scene.ids["Property"]]
        nodes = (await face.ask(query, actor, ids=asked))["nodes"]
        expected = [
            None,
            *({"id": text} if name in SEES[kind] else None for kind, text in scene.ids.items()),
            None,
            {"id": scene.ids["Property"]},
        ]
        assert nodes == expected, name


async def test_too_many_nodes(face: Face, scene: Scene) -> None:
    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    assert await face.codes(query, ids=[scene.ids["Property"]] * 51) == ["BAD_USER_INPUT"]


async def test_a_wrong_kind_of_id_finds_nothing(face: Face, scene: Scene) -> None:
    guest = scene.actors["guest"]
    query = "query ($id: ID!) { property(id: $id) { id } booking(id: $id) { id } }"
    for text in (scene.ids["User"], "", "x" * 5_000):
        assert await face.ask(query, guest, id=text) == {"property": None, "booking": None}


PRIVATE = """query ($id: ID!) { node(id: $id) { ... on User {
  username firstName isHost createdAt
  lastName email emailVerified
  bookings { totalCount } hostedBookings { totalCount } payouts { totalCount }
  payoutAccount { id } properties { edges { node { id } } }
} } }"""


async def test_a_person_s_own_fields(face: Face, scene: Scene) -> None:
    host = scene.actors["host"]
    assert host.user_id is not None
    host_id = gid("User", host.user_id)
    for name, actor in scene.actors.items():
        shown = (await face.ask(PRIVATE, actor, id=host_id))["node"]
        own = name == "host"
        assert shown["firstName"] == "Hedy"
        assert (shown["lastName"] == "Lovelace") == own
        assert (shown["email"] is not None) == own
        assert (shown["emailVerified"] is True) == own
        for field in ("bookings", "hostedBookings", "payouts", "payoutAccount"):
            assert (shown[field] is not None) == own, (name, field)
        listed = {edge["node"]["id"] for edge in shown["properties"]["edges"]}
        published = {scene.ids["Property"]}
        assert listed == (published | {scene.ids["Property (hidden)"]} if own else published)


async def test_others_cannot_ask_for_hidden_properties(face: Face, scene: Scene) -> None:
    host = scene.actors["host"].user_id
    assert host is not None
    query = """query ($id: ID!) { node(id: $id) { ... on User {
      properties(status: [UNPUBLISHED, DRAFT]) { totalCount edges { node { id } } } } } }"""
    shown = (await face.ask(query, scene.actors["stranger"], id=gid("User", host)))["node"]
    assert shown["properties"] == {"totalCount": 0, "edges": []}
    own = (await face.ask(query, scene.actors["host"], id=gid("User", host)))["node"]
    assert own["properties"]["totalCount"] == 1


PLACE = """query ($id: ID!) { property(id: $id) {
  location { city address postalCode latitude longitude isExact } } }"""
TRUE_POINT, PUBLIC_POINT = (38.7118, -9.1272), (38.714, -9.125)


async def sees_exactly(face: Face, actor: Actor, property_id: str) -> bool:
    place = (await face.ask(PLACE, actor, id=property_id))["property"]["location"]
    exact: bool = place["isExact"]
    assert place["city"] == "Lisbon"
    assert (place["address"] == "Rua dos Remédios 1") == exact
    assert (place["address"] is None) == (not exact)
    assert (place["postalCode"] is None) == (not exact)
    point = (place["latitude"], place["longitude"])
    assert point == (TRUE_POINT if exact else PUBLIC_POINT)
    return exact


@pytest.mark.parametrize("status", list(BookingStatus))
async def test_the_exact_place_is_for_host_and_confirmed_guests(
    face: Face, scene: Scene, status: BookingStatus
) -> None:
    values: dict[str, Any] = {"status": status}
    if status is BookingStatus.CANCELLED:
        values["cancelled_by"] = "GUEST"
    async with face.db.transaction() as session:
        await session.execute(
            update(Booking).where(Booking.id == scene.booking_id).values(**values)
        )
    seen = {
        name
        for name, actor in scene.actors.items()
        if await sees_exactly(face, actor, scene.ids["Property"])
    }
    assert seen == ({"host", "guest"} if status is BookingStatus.CONFIRMED else {"host"})


async def test_the_exact_place_is_hidden_again_at_check_out(face: Face, scene: Scene) -> None:
    async with face.db.transaction() as session:
        check_out = (
            await session.execute(
                update(Booking)
                .where(Booking.id == scene.booking_id)
                .values(status="CONFIRMED")
                .returning(Booking.check_out_at)
            )
        ).scalar_one()
    guest, place = scene.actors["guest"], scene.ids["Property"]
    try:
        clock.freeze(check_out - timedelta(seconds=1))
        assert await sees_exactly(face, guest, place)
        clock.freeze(check_out)
        assert not await sees_exactly(face, guest, place)
    finally:
        clock.freeze(None)


PAYMENT = """query ($id: ID!) { node(id: $id) { ... on Payment {
  status amount { amount currency } refundedAmount { amount }
  clientSecret publishableKey redirectUrl failureCode } } }"""


async def test_a_payment_s_secrets(face: Face, scene: Scene) -> None:
    async def shown(name: str) -> dict[str, Any]:
        found = await face.ask(PAYMENT, scene.actors[name], id=scene.ids["Payment"])
        payment: dict[str, Any] = found["node"]
        return payment

    for_guest = await shown("guest")
    assert for_guest == {
        "status": "PENDING",
        "amount": {"amount": 300_00, "currency": "EUR"},
        "refundedAmount": {"amount": 0},
        "clientSecret": "pi_secret",
        "publishableKey": "pk_test_roost",
        "redirectUrl": "https://pay.example/pi",
        "failureCode": "card_declined",
    }
    secrets = {"clientSecret": None, "publishableKey": None, "redirectUrl": None}
    assert await shown("host") == {**for_guest, **secrets, "failureCode": None}
    assert await shown("support") == {**for_guest, **secrets}
    async with face.db.transaction() as session:
        await session.execute(update(Payment).values(status="AUTHORIZED"))
    assert await shown("guest") == {**for_guest, **secrets, "status": "AUTHORIZED"}


BOOKING = """query ($id: ID!) { booking(id: $id) {
  hostPayout { amount } cancellationPreview { refund { amount } } payment { id }
  guest { firstName lastName email } } }"""


async def test_a_booking_s_sides(face: Face, scene: Scene) -> None:
    shown = {
        name: (await face.ask(BOOKING, scene.actors[name], id=scene.ids["Booking"]))["booking"]
        for name in PARTIES
    }
    assert {name for name, booking in shown.items() if booking["hostPayout"]} == {"host"}
    # Support reads along; only admins act.
    previews = {name for name, booking in shown.items() if booking["cancellationPreview"]}
    assert previews == {"guest", "host"}
    assert all(booking["payment"] for booking in shown.values())
    assert shown["host"]["guest"] == {"firstName": "Ada", "lastName": None, "email": None}


async def test_what_each_side_may_do(face: Face, scene: Scene) -> None:
    query = """query ($id: ID!) { booking(id: $id) {
      availableActions { action isAvailable obstacle until } } }"""

    async def shown(name: str) -> dict[str, str | None]:
        found = await face.ask(query, scene.actors[name], id=scene.ids["Booking"])
        listed = found["booking"]["availableActions"]
        assert all(each["isAvailable"] == (each["obstacle"] is None) for each in listed)
        return {each["action"]: each["obstacle"] for each in listed}

    # Nobody alters what is not confirmed.
    altering = dict.fromkeys(
        (f"{verb}_ALTERATION" for verb in ("PROPOSE", "ACCEPT", "DECLINE", "WITHDRAW")), "STATUS"
    )
    paying = {"PAY_ALTERATION": "STATUS"}
    assert await shown("guest") == {
        "PAY": None,
        "CANCEL": None,
        "REVIEW": "STATUS",
        **altering,
        **paying,
    }
    assert await shown("host") == {
        "ACCEPT": "STATUS",
        "DECLINE": "STATUS",
        "CANCEL": None,
        **altering,
    }
    assert await shown("support") == {}
    now = clock.now()
    async with face.db.transaction() as session:
        await session.execute(
            update(Booking)
            .where(Booking.id == scene.booking_id)
            .values(status="COMPLETED", check_in_at=now - timedelta(days=2), check_out_at=now)
        )
    done = {"PAY": "STATUS", "CANCEL": "STATUS", **altering, **paying}
    assert await shown("guest") == {**done, "REVIEW": None}
    host, guest = (scene.actors[name].require_user() for name in ("host", "guest"))
    stay = scene.booking_id
    await add_review(face.db, scene.property_id, host, guest, booking_id=stay, rating=5)
    assert await shown("guest") == {**done, "REVIEW": "ALREADY_DONE"}


async def test_somebody_whose_account_is_gone(face: Face) -> None:
    """A valid token of nobody: no viewer, and no error. Their id alone is not looked up."""
    assert await face.ask("{ viewer { firstName } }", person(new_id())) == {"viewer": None}
    assert await face.ask("{ viewer { id } }") == {"viewer": None}


async def test_bookings_of_a_property_whose_host_has_changed(face: Face, scene: Scene) -> None:
    """The booking is its own host's, who let the property when it was made."""
    new_host = await add_host(face.db)
    async with face.db.transaction() as session:
        await session.execute(
            update(Property).where(Property.id == scene.property_id).values(host_id=new_host)
        )
    text = scene.ids["Booking"]
    assert (await face.ask(NODE, person(new_host), id=text))["node"] is None
    assert (await face.ask(NODE, scene.actors["host"], id=text))["node"] is not None
