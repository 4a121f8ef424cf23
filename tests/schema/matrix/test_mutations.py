"""Every mutation × everybody, on what is a guest's and a host's, as schema/policies.py declares it.

Who may not is refused and told nothing; who may gets what they may see. A new mutation goes red
here until MUTATIONS says how to make something that it can be done to.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from graphql import get_named_type
from sqlalchemy import delete, insert, select, update

from app import clock
from app.actor import Actor
from app.config import Settings
from app.identity import challenges
from app.identity.hosting import TERMS_VERSION
from app.identity.oidc import attempts
from app.identity.oidc import rules as oidc_rules
from app.identity.oidc.id_token import Person as OidcPerson
from app.ids import new_id
from app.runtime import open_runtime
from db.enums import ChallengePurpose
from db.models import Booking, CalendarImport, Identity, Passkey, Payment, PayoutAccount
from schema.build import build_schema
from schema.policies import FIELDS, Policy
from tests.schema.face import Face, gid
from tests.schema.matrix.asking import selected
from tests.schema.matrix.judging import SCHEMA, Judge, allowed
from tests.schema.matrix.world import Thing, World, add, make, things
from tests.schema.test_generated import WIDE
from tests.support.paystack import PaystackSandbox
from tests.support.sandbox import Sandbox
from tests.support.world import add_booking, add_property, add_session, add_user

# A proof is asked for before anything is looked at.
NOTHING = {"UNAUTHENTICATED", "NotFoundError", "ProofRequiredError"}
# The input, and what it is done to; None: the caller themselves.
Case = tuple[dict[str, Any], Thing | None]


class Stage:
    """Makes something fresh for each try: it is another thing afterwards."""

    def __init__(self, face: Face, world: World) -> None:
        self.face, self.world, self.db = face, world, face.db
        self.guest, self.host = world.user("guest"), world.user("host")

    async def place(self, **columns: Any) -> Case:
        key = await add_property(self.db, self.host, **columns)
        return {"propertyId": gid("Property", key)}, Thing(kind="", id="", host=self.host)

    async def booking(self, status: str, days: int, **columns: Any) -> Case:
        place = await add_property(self.db, self.host)
        now = clock.now()
        key = await add_booking(
            self.db,
            place,
            self.guest,
            self.host,
            status=status,
            check_in=now.date() + timedelta(days=days),
            deadline_at=now + timedelta(hours=1) if status.startswith("PENDING") else None,
            **columns,
        )
        whose = Thing(kind="", id="", guest=self.guest, host=self.host)
        return {"bookingId": gid("Booking", key)}, whose

    async def account(self) -> Case:
        return {"userId": gid("User", await add_user(self.db)), "reason": "They asked."}, None

    async def stay(self) -> Case:
        case, _ = await self.place()
        first = clock.now().date() + timedelta(days=50)
        wanted = case | {
            "checkIn": str(first),
            "checkOut": str(first + timedelta(days=2)),
            "guests": {"adults": 1},
        }
        query = """query ($input: QuoteInput!) { quote(input: $input) {
          ... on Quote { total { amount currency } } } }"""
        total = (await self.face.ask(query, input=wanted))["quote"]["total"]
        return wanted | {"expectedTotal": total, "idempotencyKey": str(new_id())}, None


def with_(make: Callable[[Stage], Awaitable[Case]], **more: Any) -> Callable[..., Awaitable[Case]]:
    async def case(stage: Stage) -> Case:
        input, thing = await make(stage)
        return input | more, thing

    return case


def own(**input: Any) -> Callable[[Stage], Awaitable[Case]]:
    async def case(_: Stage) -> Case:
        return input, None

    return case


async def device(stage: Stage) -> Case:
    key = await add_session(stage.db, stage.guest)
    return {"sessionId": gid("SignInSession", key)}, Thing(kind="", id="", owner=stage.guest)


async def identity(stage: Stage) -> Case:
    at_provider = {"provider": "acme", "subject": new_id().hex}
    key = await add(stage.db, Identity, user_id=stage.guest, **at_provider)
    return {"identityId": gid("Identity", key)}, Thing(kind="", id="", owner=stage.guest)


async def way_back(stage: Stage) -> Case:
    """Somebody has come back from a provider, whoever it is."""
    code, now = new_id().hex, clock.now()
    async with stage.db.transaction() as session:
        state = await attempts.begin(
            session,
            provider="acme",
            browser=code,
            return_to="https://app.roost.example/",
            # The example of RFC 7636, appendix B.
            code_challenge="E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
            now=now,
        )
        someone = OidcPerson(subject=code)
        code = await attempts.prove(session, oidc_rules.secret_hash(state), someone, now)
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    return {"code": code, "codeVerifier": verifier}, None


async def passkey(stage: Stage) -> Case:
    key = new_id()
    async with stage.db.transaction() as session:
        await session.execute(
            insert(Passkey).values(
                id=key,
                user_id=stage.guest,
                credential_id=key.bytes,
                public_key=b"cose",
                sign_count=0,
                name="Phone",
            )
        )
    return {"passkeyId": gid("Passkey", key)}, Thing(kind="", id="", owner=stage.guest)


async def proof_of(stage: Stage, name: str) -> dict[str, Any]:
    actor = stage.world.actors[name]
    async with stage.db.transaction() as session:
        purpose, holder = ChallengePurpose.PROOF, str(actor.session_id)
        proof = await challenges.issue(session, purpose, actor.user_id, holder, clock.now())
    return {"proof": proof.token}


async def proven_passkey(stage: Stage) -> Case:
    """With a proof of its owner's."""
    input, whose = await passkey(stage)
    return input | await proof_of(stage, "guest"), whose


async def departure(stage: Stage) -> Case:
    """Support goes, who has no stays but the one that was tried, which is over."""
    mine = Booking.guest_id == stage.world.user("support")
    async with stage.db.transaction() as session:
        await session.execute(update(Booking).where(mine).values(status="EXPIRED"))
        tried = select(Booking.id).where(mine)
        await session.execute(
            update(Payment).where(Payment.booking_id.in_(tried)).values(status="FAILED")
        )
    return await proof_of(stage, "support"), None


async def calendar(stage: Stage) -> Case:
    case, whose = await stage.place()
    first = clock.now().date() + timedelta(days=50)
    closed = {"from": str(first), "to": str(first + timedelta(days=1)), "closed": True}
    return case | {"changes": [closed]}, whose


async def new_import(stage: Stage) -> Case:
    case, whose = await stage.place()
    return case | {"name": "Elsewhere", "url": "http://127.0.0.1:9/calendar.ics"}, whose


async def import_(stage: Stage) -> Case:
    key, now = new_id(), clock.now()
    place = await add_property(stage.db, stage.host)
    async with stage.db.transaction() as session:
        url = f"https://calendars.example/{key}"
        session.add(CalendarImport(id=key, property_id=place, name="a", url=url, due_at=now))
    return {"importId": gid("CalendarImport", key)}, Thing(kind="", id="", host=stage.host)


MUTATIONS: dict[str, Callable[[Stage], Awaitable[Case]]] = {
    "becomeHost": own(
        kind="INDIVIDUAL",
        legalName="Ada Lovelace",
        country="PT",
        phone="+351920000000",
        dateOfBirth="1990-01-01",
        termsVersion=TERMS_VERSION,
    ),
    "updateProfile": own(bio="Another."),
    "revokeAllSessions": own(keepCurrent=True),
    "requestDataExport": own(),
    "cancelAccountDeletion": own(),
    "createPayoutAccountLink": own(
        returnUrl="https://roost.example", refreshUrl="https://roost.example"
    ),
    "setPayoutRecipient": own(
        currency="GHS",
        kind="MOBILE_MONEY",
        institutionCode="MTN",
        accountNumber="0244000100",
        accountName="Kofi Boateng",
    ),
    "createProperty": own(
        title="A",
        type="CABIN",
        maxGuests=1,
        location={"city": "A", "country": "PT", "latitude": 1, "longitude": 1},
        timezone="UTC",
        pricePerNight={"amount": 10_00, "currency": "EUR"},
    ),
    "createBooking": Stage.stay,
    "revokeSession": device,
    "linkIdentity": way_back,
    "unlinkIdentity": identity,
    "renamePasskey": with_(passkey, name="Another"),
    "deletePasskey": proven_passkey,
    "updateProperty": with_(Stage.place, title="Another"),
    "updateCalendar": calendar,
    "rotateCalendarFeed": Stage.place,
    "addCalendarImport": new_import,
    "removeCalendarImport": import_,
    "syncCalendarImport": import_,
    "publishProperty": lambda stage: stage.place(status="UNPUBLISHED"),
    "unpublishProperty": Stage.place,
    "acceptBooking": lambda stage: stage.booking("PENDING_HOST", 20),
    "declineBooking": lambda stage: stage.booking("PENDING_HOST", 20),
    "cancelBooking": with_(lambda stage: stage.booking("CONFIRMED", 20), reason="They asked."),
    "createReview": with_(lambda stage: stage.booking("COMPLETED", -5), rating=5, comment="Good"),
    "staffResendVerification": Stage.account,
    "staffRevokeSessions": Stage.account,
    "staffSuspend": Stage.account,
    "staffReinstate": Stage.account,
    "staffChangeRole": with_(Stage.account, role="SUPPORT"),
    # Last, since it signs out.
    "deleteAccount": departure,
}


def test_every_mutation_has_an_example() -> None:
    assert set(MUTATIONS) == set(FIELDS["Mutation"])


@pytest.fixture
async def wide_face(
    settings: Settings, schema_sandbox: Sandbox, telco: PaystackSandbox
) -> AsyncIterator[Face]:
    """With both providers, and room for whatever is asked."""
    await schema_sandbox.control.reset()
    await telco.control.reset()
    settings = msgspec.structs.replace(
        settings,
        stripe_api_base=schema_sandbox.base_url,
        paystack_secret_key=telco.secret_key,
        paystack_api_base=telco.base_url,
    )
    async with open_runtime(settings) as runtime:
        yield Face(build_schema(limits=WIDE), runtime)


async def test_everybody_does_what_is_declared_and_nothing_else(wide_face: Face) -> None:
    face = wide_face
    world = await make(face.db)
    async with face.db.transaction() as session:
        # The provider does not know of them.
        await session.execute(delete(PayoutAccount))
    stage, judge = Stage(face, world), Judge(world)
    wrong = []
    for name, example in MUTATIONS.items():
        policy = FIELDS["Mutation"][name]
        done = []
        for who, actor in world.actors.items():
            input, thing = await example(stage)
            kind, value = await told(face, judge, name, actor, input)
            if kind.endswith("Success"):
                done.append(who)
                world.things = await things(face.db)
                judge.object(actor, kind, value)
            # The other side is told why; to everybody else there is no such thing.
            party = thing is not None and actor.user_id in (thing.guest, thing.host)
            if not (party or allowed(policy, actor, thing) or kind in NOTHING):
                wrong.append(f"{who}, who may not {name}: {kind}")
        if policy is Policy.SIGNED_IN:
            assert done, name
        else:
            may = [who for who, actor in world.actors.items() if allowed(policy, actor, thing)]
            assert done == may, name
    assert not wrong + judge.wrong


async def told(
    face: Face, judge: Judge, name: str, actor: Actor, input: dict[str, Any]
) -> tuple[str, dict[str, Any]]:
    """The answer's type and what is in it; or the code of the error."""
    field = SCHEMA.mutation_type.fields[name]  # type: ignore[union-attr]
    below = selected(get_named_type(field.type), 1)
    if "input" in field.args:
        query = f"mutation ($input: {field.args['input'].type}) {{ {name}(input: $input) {below} }}"
        result = await face.run(query, actor, input=input)
    else:
        result = await face.run(f"mutation {{ {name} {below} }}", actor)
    judge.answer(actor, [result.data, [error.formatted for error in result.errors or ()]])
    if result.errors:
        return str((result.errors[0].extensions or {})["code"]), {}
    assert result.data is not None
    return result.data[name]["__typename"], result.data[name]
