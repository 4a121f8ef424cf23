"""Co-hosts over GraphQL: from the mailed invitation to what each right opens, and its end.

Who may do what by which right is tried for every mutation and field in tests/schema/matrix.
"""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import update

from app import clock
from app.actor import Actor
from app.config import Settings
from app.runtime import open_runtime
from db.models import CoHost, User
from jobs import tasks
from schema.transport.schema import Schema
from tests.schema.face import Face, gid, person
from tests.support.drain import drain
from tests.support.mailbox import Mailbox, code_in
from tests.support.statements import counted
from tests.support.world import add_booking, add_host, add_property, add_user

CO_HOST = "id email rights user { firstName } acceptedAt expiresAt"
DONE = "__typename ... on Error { code message }"
RESULT = f"{DONE} ... on InvalidInputError {{ field }}"
INVITE = f"""mutation ($input: InviteCoHostInput!) {{ inviteCoHost(input: $input) {{ {RESULT}
  ... on InviteCoHostSuccess {{ coHost {{ {CO_HOST} }} }} }} }}"""
ACCEPT = f"""mutation ($input: AcceptCoHostInvitationInput!) {{
  acceptCoHostInvitation(input: $input) {{ {RESULT}
  ... on AcceptCoHostInvitationSuccess {{ property {{ title status }} }} }} }}"""
UPDATE = f"""mutation ($input: UpdateCoHostInput!) {{ updateCoHost(input: $input) {{ {RESULT}
  ... on UpdateCoHostSuccess {{ coHost {{ {CO_HOST} }} }} }} }}"""
REMOVE = f"""mutation ($input: RemoveCoHostInput!) {{ removeCoHost(input: $input) {{ {DONE}
  ... on RemoveCoHostSuccess {{ property {{ coHosts {{ firstName }} }} }} }} }}"""
LEAVE = f"""mutation ($input: LeaveCoHostingInput!) {{ leaveCoHosting(input: $input) {{ {DONE}
  ... on LeaveCoHostingSuccess {{ user {{ coHosting {{ id }} }} }} }} }}"""
SEEN = f"""query ($id: ID!, $from: Date!, $to: Date!) {{ property(id: $id) {{
  location {{ isExact }} coHosts {{ firstName }} coHostTeam {{ {CO_HOST} }}
  calendarExchange {{ feedUrl }} bookings {{ edges {{ node {{ id hostPayout {{ amount }} }} }} }}
  stays(from: $from, to: $to) {{ checkIn status guests {{ adults }}
    guest {{ firstName lastName }} }} }} }}"""


@pytest.fixture
async def face(
    settings: Settings, whole_schema: Schema, core_schema: Schema, mailbox: Mailbox
) -> AsyncIterator[Face]:
    tasks.load()
    settings = msgspec.structs.replace(settings, smtp_url=mailbox.smtp_url)
    async with open_runtime(settings) as runtime:
        yield Face(whole_schema, runtime, core_schema)


class Scene(msgspec.Struct):
    """A host's unpublished place with a stay, and somebody who is to help."""

    host: Actor
    helper: Actor
    place: str
    booking: str
    dates: dict[str, str]


@pytest.fixture
async def scene(face: Face) -> Scene:
    host, guest = await add_host(face.db, email="hedy@example.com"), await add_user(face.db)
    place = await add_property(face.db, host, status="UNPUBLISHED")
    first = clock.now().date() + timedelta(days=30)
    booking = await add_booking(
        face.db,
        place,
        guest,
        host,
        check_in=first,
        status="PENDING_HOST",
        deadline_at=clock.now() + timedelta(hours=9),
    )
    helper = person(await add_user(face.db, first_name="Grace"))
    dates = {"from": str(first), "to": str(first + timedelta(days=9))}
    return Scene(person(host), helper, gid("Property", place), gid("Booking", booking), dates)


async def invited(
    face: Face, scene: Scene, mailbox: Mailbox, *rights: str, email: str = "grace@example.com"
) -> str:
    """The code that was mailed."""
    input = {"propertyId": scene.place, "email": email, "rights": list(rights)}
    done = (await face.ask(INVITE, scene.host, input=input))["inviteCoHost"]
    assert done["__typename"] == "InviteCoHostSuccess", done
    assert (done["coHost"]["email"], done["coHost"]["user"]) == (email.lower(), None)
    await drain(face.runtime)
    return code_in(mailbox.to(email.lower())[-1].text)


async def helping(face: Face, scene: Scene, mailbox: Mailbox, *rights: str) -> None:
    token = {"token": await invited(face, scene, mailbox, *rights)}
    done = (await face.ask(ACCEPT, scene.helper, input=token))["acceptCoHostInvitation"]
    assert done["__typename"] == "AcceptCoHostInvitationSuccess", done


async def seen(face: Face, scene: Scene, actor: Actor) -> Any:
    return (await face.ask(SEEN, actor, id=scene.place, **scene.dates))["property"]


async def test_an_invitation_is_mailed_accepted_once_and_told(
    face: Face, scene: Scene, mailbox: Mailbox
) -> None:
    assert await seen(face, scene, scene.helper) is None
    code = await invited(face, scene, mailbox, "CALENDAR", "MESSAGES", email="Grace@Example.com")
    accept = {"token": code}
    for _ in range(2):
        done = (await face.ask(ACCEPT, scene.helper, input=accept))["acceptCoHostInvitation"]
        assert done["property"]["status"] == "UNPUBLISHED"
    await drain(face.runtime)
    assert [mail.subject for mail in mailbox.to("hedy@example.com")] == [
        "Grace helps you with Tiled flat in Alfama"
    ]
    # It is used up for everybody else.
    other = person(await add_user(face.db))
    refused = (await face.ask(ACCEPT, other, input=accept))["acceptCoHostInvitation"]
    assert refused["__typename"] == "NotFoundError"
    (mine,) = (await seen(face, scene, scene.host))["coHostTeam"]
    assert (mine["email"], mine["expiresAt"]) == (None, None)
    assert (mine["user"], mine["rights"]) == ({"firstName": "Grace"}, ["CALENDAR", "MESSAGES"])


async def test_the_calendar_is_less_than_everything(
    face: Face, scene: Scene, mailbox: Mailbox
) -> None:
    await helping(face, scene, mailbox, "CALENDAR")
    found = await seen(face, scene, scene.helper)
    assert found["location"] == {"isExact": False}
    assert found["calendarExchange"] == {"feedUrl": None}
    assert (found["coHostTeam"], found["bookings"]) == (None, None)
    (stay,) = found["stays"]
    assert (stay["checkIn"], stay["status"]) == (scene.dates["from"], "PENDING_HOST")
    assert stay["guest"] == {"firstName": "Ada", "lastName": None}
    node = "query ($id: ID!) { node(id: $id) { id } }"
    assert (await face.ask(node, scene.helper, id=scene.booking))["node"] is None


async def test_everything_but_the_money_and_the_co_hosts(
    face: Face, scene: Scene, mailbox: Mailbox
) -> None:
    # The others are in it.
    await helping(face, scene, mailbox, "ALL", "CALENDAR")
    found = await seen(face, scene, scene.helper)
    assert found["location"] == {"isExact": True}
    assert found["coHostTeam"] is None
    assert found["bookings"]["edges"] == [{"node": {"id": scene.booking, "hostPayout": None}}]
    options = """query ($id: ID!) { booking(id: $id) { availableActions { action isAvailable }
      cancellationPreview { refund { amount } } } }"""
    may = (await face.ask(options, scene.helper, id=scene.booking))["booking"]
    assert {each["action"] for each in may["availableActions"] if each["isAvailable"]} == {
        "ACCEPT",
        "DECLINE",
        "CANCEL",
    }
    assert may["cancellationPreview"] is not None
    decline = """mutation ($id: ID!) { declineBooking(input: {bookingId: $id, reason: "Closed."}) {
      __typename ... on DeclineBookingSuccess { booking { status history { actor } } } } }"""
    done = (await face.ask(decline, scene.helper, id=scene.booking))["declineBooking"]
    assert done["booking"]["status"] == "DECLINED"
    assert done["booking"]["history"][-1] == {"actor": "HOST"}
    invite = {"propertyId": scene.place, "email": "a@b.example", "rights": ["ALL"]}
    refused = (await face.ask(INVITE, scene.helper, input=invite))["inviteCoHost"]
    assert refused["code"] == "NOT_FOUND"


@pytest.mark.parametrize("end", ["changed", "removed", "left", "suspended"])
async def test_rights_end_at_once(face: Face, scene: Scene, mailbox: Mailbox, end: str) -> None:
    await helping(face, scene, mailbox, "ALL")
    (mine,) = (await seen(face, scene, scene.host))["coHostTeam"]
    match end:
        case "changed":
            input = {"coHostId": mine["id"], "rights": ["MESSAGES"]}
            done = (await face.ask(UPDATE, scene.host, input=input))["updateCoHost"]
            assert done["coHost"]["rights"] == ["MESSAGES"]
        case "removed":
            input = {"coHostId": mine["id"]}
            done = (await face.ask(REMOVE, scene.host, input=input))["removeCoHost"]
            assert done["property"] == {"coHosts": []}
        case "left":
            input = {"propertyId": scene.place}
            done = (await face.ask(LEAVE, scene.helper, input=input))["leaveCoHosting"]
            assert done["user"] == {"coHosting": []}
        case _:
            async with face.db.transaction() as session:
                gone = update(User).where(User.id == scene.helper.user_id)
                await session.execute(gone.values(suspended_at=clock.now()))
    found = await seen(face, scene, scene.helper)
    if end == "changed":
        assert (found["calendarExchange"], found["bookings"]) == (None, None)
        assert len(found["stays"]) == 1
    else:
        assert found is None
        assert (await seen(face, scene, scene.host))["coHosts"] == []
    edit = """mutation ($id: ID!) { updateProperty(input: {propertyId: $id, title: "Mine"}) {
      ... on Error { code } } }"""
    result = await face.run(edit, scene.helper, id=scene.place)
    assert "NOT_FOUND" in str(result.data) or "SUSPENDED" in str(result.errors)


async def test_bad_invitations(face: Face, scene: Scene, mailbox: Mailbox) -> None:
    for change, field in (
        ({"email": "nobody"}, "email"),
        ({"email": "HEDY@example.com"}, "email"),
        ({"rights": []}, "rights"),
    ):
        input = {"propertyId": scene.place, "email": "a@b.example", "rights": ["ALL"]} | change
        refused = (await face.ask(INVITE, scene.host, input=input))["inviteCoHost"]
        assert refused["field"] == field
    code = await invited(face, scene, mailbox, "ALL")
    own = (await face.ask(ACCEPT, scene.host, input={"token": code}))["acceptCoHostInvitation"]
    assert own["field"] == "token"
    unverified = person(await add_user(face.db, email_verified_at=None))
    other = (await face.ask(ACCEPT, unverified, input={"token": code}))["acceptCoHostInvitation"]
    assert other["__typename"] == "EmailNotVerifiedError"
    async with face.db.transaction() as session:
        await session.execute(update(CoHost).values(expires_at=clock.now()))
    late = (await face.ask(ACCEPT, scene.helper, input={"token": code}))["acceptCoHostInvitation"]
    assert late["code"] == "NOT_FOUND"


async def test_inviting_again_is_one_invitation(face: Face, scene: Scene, mailbox: Mailbox) -> None:
    first = await invited(face, scene, mailbox, "ALL")
    assert await invited(face, scene, mailbox, "CALENDAR") == first
    assert len(mailbox.to("grace@example.com")) == 1
    async with face.db.transaction() as session:
        await session.execute(update(CoHost).values(invited_at=clock.now() - timedelta(hours=1)))
    assert await invited(face, scene, mailbox, "CALENDAR") == first
    assert len(mailbox.to("grace@example.com")) == 2
    (team,) = (await seen(face, scene, scene.host))["coHostTeam"]
    assert team["rights"] == ["CALENDAR"]


async def test_strangers_cost_no_more(face: Face) -> None:
    """Whether somebody stays there or helps there is one statement."""
    place = gid("Property", await add_property(face.db, await add_host(face.db)))
    stranger = person(await add_user(face.db))
    query = """query ($id: ID!) { property(id: $id) { location { isExact }
      calendarExchange { feedUrl } bookings { totalCount } } }"""
    context_free = Face(face.schema, face.runtime)
    with counted(face.db) as statements:
        await context_free.ask(query, stranger, id=place)
    assert len(statements) == 2
