"""Getting one's data, and leaving: over HTTP, with the mails that really arrive."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx2
import msgspec
import pytest
from litestar import Litestar
from sqlalchemy import func, select, update

from app import clock
from app.config import Settings
from app.http.state import RUNTIME
from app.ledger import rules as entries
from app.ledger import service as ledger
from app.runtime import Runtime
from db.enums import PaymentProvider
from db.models import DataExport, OutboxMessage, SignInSession, User
from db.session import Database
from jobs import tasks
from jobs.registry import SWEEPS
from schema import ids
from tests.http.conftest import client_of, serving
from tests.privacy.person import SHARES
from tests.support.drain import drain
from tests.support.mailbox import Mailbox, code_in
from tests.support.world import add_booking, add_host, add_property

PASSWORD = "gravel otter lamp"
EXPORT = """mutation { requestDataExport { __typename
  ... on RequestDataExportSuccess { dataExport { id status expiresAt } }
  ... on Error { code } } }"""
EXPORTS = "{ viewer { dataExports { id status readyAt } } }"
DELETE = """mutation ($input: DeleteAccountInput!) { deleteAccount(input: $input) { __typename
  ... on DeleteAccountSuccess { user { deletionScheduledAt } }
  ... on Error { code }
  ... on DeletionBlockedError {
    blockers { reason booking { id } amount { amount currency } } } } }"""
CANCEL = """mutation { cancelAccountDeletion { ... on CancelAccountDeletionSuccess {
  user { deletionScheduledAt } } } }"""


@pytest.fixture
async def api(settings: Settings, mailbox: Mailbox) -> AsyncIterator[Litestar]:
    """An API whose mail arrives, once `work` has done the worker's part."""
    tasks.load()
    async with serving(msgspec.structs.replace(settings, smtp_url=mailbox.smtp_url)) as app:
        yield app


class Person:
    """Somebody with a browser and a mailbox."""

    def __init__(self, api: Litestar, mailbox: Mailbox, name: str) -> None:
        self.runtime: Runtime = api.state[RUNTIME]
        self.mailbox, self.name = mailbox, name
        self.client = client_of(api)
        self.tokens: dict[str, Any] = {}

    @property
    def email(self) -> str:
        return f"{self.name}@example.com"

    @property
    def id(self) -> UUID:
        found = ids.key_of("User", self.tokens["user"]["id"])
        assert found is not None
        return found

    @property
    def bearer(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.tokens['accessToken']}"}

    async def post(self, path: str, **body: str) -> httpx2.Response:
        return await self.client.post(f"/auth/{path}", json=body)

    async def register(self) -> None:
        answer = await self.post(
            "register",
            email=self.email,
            username=self.name,
            password=PASSWORD,
            firstName=self.name.title(),
            lastName="Tester",
        )
        assert answer.status_code == 201
        await self.sign_in()

    async def sign_in(self) -> httpx2.Response:
        answer = await self.post("login", login=self.name, password=PASSWORD)
        if answer.status_code == 200:
            self.tokens = answer.json()
        return answer

    async def ask(self, query: str, **variables: Any) -> Any:
        answer = await self.client.post(
            "/graphql",
            json={"query": query, "variables": variables},
            headers=self.bearer,
        )
        return answer.json()

    async def do(self, query: str, **variables: Any) -> Any:
        """The only field of an operation that has no errors."""
        result = await self.ask(query, **variables)
        assert "errors" not in result, result
        (field,) = result["data"].values()
        return field

    async def proof(self, **evidence: str) -> str:
        answer = await self.client.post("/auth/proof", json=evidence, headers=self.bearer)
        assert answer.status_code == 200, answer.text
        proof: str = answer.json()["proof"]
        return proof

    async def delete(self, proof: str | None = None) -> Any:
        """By a proof of now, unless there is one."""
        proof = proof or await self.proof(password=PASSWORD)
        return await self.do(DELETE, input={"proof": proof})

    async def mail(self, subject: str) -> str:
        """The newest mail with that subject, once the worker has done its part."""
        await drain(self.runtime, skip="payouts")
        mails = [each for each in self.mailbox.to(self.email) if each.subject == subject]
        assert mails, [each.subject for each in self.mailbox.mails]
        return mails[-1].text

    async def change(self, **columns: Any) -> None:
        async with self.runtime.db.transaction() as session:
            await session.execute(update(User).where(User.id == self.id).values(**columns))


@pytest.fixture
async def ada(api: Litestar, mailbox: Mailbox) -> Person:
    person = Person(api, mailbox, "ada")
    await person.register()
    code = code_in(await person.mail("Confirm your e-mail address"))
    assert (await person.post("verify-email", token=code)).status_code == 204
    return person


@pytest.fixture
async def eve(api: Litestar, mailbox: Mailbox) -> Person:
    person = Person(api, mailbox, "eve")
    await person.register()
    return person


def link_in(text: str) -> str:
    found = re.search(r"http\S+(/privacy/exports/\S{43})\s", text)
    assert found, text
    return found.group(1)


async def test_an_export_is_made_and_mailed(ada: Person, eve: Person) -> None:
    asked = (await ada.do(EXPORT))["dataExport"]
    assert asked["status"] == "REQUESTED"
    # Asking again while it is made gives the same.
    assert (await ada.do(EXPORT))["dataExport"]["id"] == asked["id"]
    link = link_in(await ada.mail("Your data is ready"))
    answer = await client_get(eve, link)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-disposition"].startswith("attachment")
    document = answer.json()
    (account,) = document["account"]
    assert (account["email"], account["lastName"]) == ("ada@example.com", "Tester")
    assert [each["kind"] for each in document["signInEvents"]][-1] == "DATA_EXPORT_REQUESTED"
    assert "eve" not in answer.text
    (listed,) = (await ada.do(EXPORTS))["dataExports"]
    assert (listed["id"], listed["status"]) == (asked["id"], "READY")
    # One a day.
    refused = (await ada.ask(EXPORT))["errors"][0]["extensions"]
    assert refused["code"] == "RATE_LIMITED"
    assert 86_000 < refused["retryAfter"] <= 86_400
    seen = await eve.ask("query ($id: ID!) { node(id: $id) { id } }", id=asked["id"])
    assert seen["data"]["node"] is None


async def client_get(person: Person, path: str) -> httpx2.Response:
    """Without a token: the link is what counts."""
    return await person.client.get(path)


async def test_an_export_is_for_whoever_has_its_link_while_it_lasts(
    ada: Person, db: Database
) -> None:
    await ada.do(EXPORT)
    link = link_in(await ada.mail("Your data is ready"))
    verify = code_in(next(m.text for m in ada.mailbox.mails if m.subject.startswith("Confirm")))
    # Codes of other links, made-up ones, and those of another letter case are worth nothing.
    for code in (verify, "A" * 43, "x", link.rsplit("/", 1)[1].swapcase()):
        answer = await ada.client.get(f"/privacy/exports/{code}")
        assert (answer.status_code, answer.json()["code"]) == (400, "LINK_REFUSED")
    async with db.transaction() as session:
        await session.execute(update(DataExport).values(expires_at=clock.now()))
    assert (await ada.client.get(link)).status_code == 400
    assert (await ada.do(EXPORTS))["dataExports"] == []


async def test_who_may_have_an_export(ada: Person, eve: Person, db: Database) -> None:
    # Nobody knows whose address eve's is.
    assert (await eve.do(EXPORT))["code"] == "EMAIL_NOT_VERIFIED"
    async with db.transaction() as session:
        await session.execute(
            update(SignInSession).values(created_at=clock.now() - timedelta(days=2))
        )
    assert (await ada.do(EXPORT))["code"] == "SIGN_IN_AGAIN"
    await ada.sign_in()
    assert (await ada.do(EXPORT))["dataExport"]


async def test_a_killed_worker_makes_the_export_later_and_once(ada: Person, db: Database) -> None:
    """The row of the outbox is run again, also after the export was made."""
    await ada.do(EXPORT)
    async with db.read() as connection:
        message = await connection.scalar(
            select(OutboxMessage.id).where(OutboxMessage.task == "privacy.make_export")
        )
        payload = await connection.scalar(
            select(OutboxMessage.payload).where(OutboxMessage.id == message)
        )
    await drain(ada.runtime, skip="notifications")
    async with db.transaction() as session:
        await session.execute(
            update(OutboxMessage)
            .where(OutboxMessage.id == message)
            .values(done_at=None, payload=payload)
        )
    await drain(ada.runtime)
    assert [m.subject for m in ada.mailbox.to(ada.email)].count("Your data is ready") == 1


async def test_leaving_wants_a_proof_of_the_same_session(ada: Person, eve: Person) -> None:
    elsewhere = await ada.proof(password=PASSWORD)
    await ada.sign_in()
    foreign = await eve.proof(password=PASSWORD)
    for proof in ("x", "A" * 43, ada.tokens["refreshToken"], elsewhere, foreign):
        refused = await ada.delete(proof)
        assert refused == {"__typename": "ProofRequiredError", "code": "PROOF_REQUIRED"}
    assert await ada.do("{ viewer { deletionScheduledAt } }") == {"deletionScheduledAt": None}
    # Trying it did not use it up.
    assert (await eve.delete(foreign))["user"]["deletionScheduledAt"]


async def test_a_proof_lets_an_account_go_once(ada: Person) -> None:
    proof = await ada.proof(password=PASSWORD)
    assert (await ada.delete(proof))["user"]["deletionScheduledAt"]
    await ada.sign_in()
    await ada.do(CANCEL)
    assert (await ada.delete(proof))["code"] == "PROOF_REQUIRED"


async def test_what_is_open_keeps_the_account(ada: Person, db: Database) -> None:
    host = await add_host(db)
    place, own = await add_property(db, host), await add_property(db, ada.id)
    soon = clock.now().date() + timedelta(days=9)
    trip = await add_booking(db, place, ada.id, host, check_in=soon)
    hosted = await add_booking(db, own, host, ada.id, check_in=soon)
    past = {"check_in": soon - timedelta(days=99), "status": "COMPLETED"}
    over = await add_booking(db, own, host, ada.id, **past)
    async with db.transaction() as session:
        await session.execute(update(OutboxMessage).values(done_at=clock.now()))
        for booking, earner in ((over, ada.id), (trip, host)):
            await ledger.post(
                session,
                entries.capture(booking, booking, earner, PaymentProvider.STRIPE, "EUR", SHARES),
                clock.now(),
            )
        await ledger.post(
            session,
            entries.refund_due(trip, trip, ada.id, host, "EUR", SHARES),
            clock.now(),
        )
        await ledger.post(
            session,
            entries.refund_due(over, over, host, ada.id, "JPY", SHARES),
            clock.now(),
        )
    proof = await ada.proof(password=PASSWORD)
    refused = await ada.delete(proof)
    assert refused["code"] == "DELETION_BLOCKED"
    blockers = [
        (each["reason"], each["booking"] and each["booking"]["id"], each["amount"])
        for each in refused["blockers"]
    ]
    assert blockers == [
        ("OPEN_BOOKING", ids.encode("Booking", trip), None),
        ("OPEN_HOSTED_BOOKING", ids.encode("Booking", hosted), None),
        ("REFUND_OWED", None, {"amount": SHARES.total_minor, "currency": "EUR"}),
        ("EARNINGS_UNPAID", None, {"amount": SHARES.host_minor, "currency": "EUR"}),
        ("NEGATIVE_BALANCE", None, {"amount": SHARES.host_minor, "currency": "JPY"}),
    ]
    # Nothing has happened: the proof is still good, and the place still there to be booked.
    assert (await ada.delete(proof))["code"] == "DELETION_BLOCKED"
    seen = await ada.do("query ($id: ID!) { property(id: $id) { status } }", id=gid(own))
    assert seen == {"status": "PUBLISHED"}


def gid(place: UUID) -> str:
    return ids.encode("Property", place)


async def test_leaving_and_thinking_better_of_it(ada: Person, eve: Person, db: Database) -> None:
    await ada.change(is_host=True, host_since_at=clock.now())
    own = await add_property(db, ada.id)
    who, find = ada.tokens["user"]["id"], "query ($id: ID!) { node(id: $id) { id } }"
    assert (await eve.ask(find, id=who))["data"]["node"] == {"id": who}
    gone = await ada.delete()
    planned = gone["user"]["deletionScheduledAt"]
    assert planned[:10] == str((clock.now() + timedelta(days=30)).date())
    # Signed out everywhere, not found any more, and told about it.
    refresh = await ada.post("refresh", refreshToken=ada.tokens["refreshToken"])
    assert refresh.status_code == 401
    for key in (who, gid(own)):
        assert (await eve.ask(find, id=key))["data"]["node"] is None
    assert "sign in before that day" in await ada.mail("Your account will be deleted")
    # An access token that is left changes nothing.
    late = await ada.ask(CANCEL)
    assert late["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    # Who signs in again sees it, and makes no commitments.
    assert (await ada.sign_in()).status_code == 200
    assert await ada.do("{ viewer { deletionScheduledAt } }") == {"deletionScheduledAt": planned}
    publish = """mutation ($id: ID!) { publishProperty(input: {propertyId: $id}) {
      __typename ... on Error { code } } }"""
    refused = await ada.ask(publish, id=gid(own))
    assert refused["errors"][0]["extensions"]["code"] == "DELETION_PENDING"
    for _ in range(2):
        kept = await ada.do(CANCEL)
        assert kept == {"user": {"deletionScheduledAt": None}}
    assert "publish them again" in await ada.mail("Your account stays")
    assert [m.subject for m in ada.mailbox.to(ada.email)].count("Your account stays") == 1
    assert (await ada.do(publish, id=gid(own)))["__typename"] == "PublishPropertySuccess"
    assert (await eve.ask(find, id=who))["data"]["node"] == {"id": who}
    trail = await ada.do("{ viewer { signInEvents(first: 3) { edges { node { kind } } } } }")
    kinds = [edge["node"]["kind"] for edge in trail["signInEvents"]["edges"]]
    assert kinds == ["DELETION_CANCELLED", "SIGNED_IN", "SESSION_REVOKED"]


async def test_who_has_no_password_leaves_by_having_just_signed_in(ada: Person) -> None:
    await ada.change(password_hash=None)
    proof = await ada.proof()
    assert (await ada.delete(proof))["user"]["deletionScheduledAt"]


async def test_after_the_grace_period_nobody_is_there(ada: Person, eve: Person) -> None:
    db = ada.runtime.db
    place = await add_property(db, eve.id)
    past = clock.now().date() - timedelta(days=60)
    stay = await add_booking(
        db, place, ada.id, eve.id, check_in=past, status="COMPLETED", message="I bring a dog"
    )
    await ada.delete()
    await ada.change(deletion_scheduled_at=clock.now())
    await SWEEPS["privacy.erase_due"].run(ada.runtime)
    assert "the last mail" in await ada.mail("Your account has been erased")
    assert (await ada.sign_in()).status_code == 401
    query = "query ($id: ID!) { booking(id: $id) { message guest { firstName username } } }"
    seen = await eve.do(query, id=ids.encode("Booking", stay))
    assert seen["guest"]["firstName"] == "Deleted user"
    assert (seen["message"], seen["guest"]["username"][:8]) == ("", "deleted.")
    # Nobody gets mail there, and the address is free for a new start.
    mails = len(ada.mailbox.mails)
    await ada.post("forgot-password", email=ada.email)
    await ada.post("forgot-password", email=f"{ada.id}@deleted.invalid")
    await drain(ada.runtime)
    assert len(ada.mailbox.mails) == mails
    await ada.register()
    async with db.read() as connection:
        left = await connection.scalar(
            select(func.count())
            .select_from(OutboxMessage)
            .where(OutboxMessage.done_at.is_not(None), OutboxMessage.payload != {})
        )
    assert left == 0


async def test_mail_goes_to_known_owners_alone(eve: Person) -> None:
    """Whoever's the address is that eve claims: they hear nothing of her leaving."""
    await eve.delete()
    await eve.change(deletion_scheduled_at=clock.now())
    await drain(eve.runtime)
    await SWEEPS["privacy.erase_due"].run(eve.runtime)
    await drain(eve.runtime)
    assert [m.subject for m in eve.mailbox.to(eve.email)] == ["Confirm your e-mail address"]
