"""Every mutation × everybody, on what is a guest's and a host's, as schema/policies.py declares it.

Who may not is refused and told nothing; who may gets what they may see. A new mutation goes red
here until MUTATIONS says how to make something that it can be done to.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from graphql import get_named_type
from sqlalchemy import delete, insert, select, update

from app import clock
from app.actor import Actor
from app.config import Settings
from app.identity import challenges
from app.identity.hosting import TERMS_VERSION
from app.identity.links import code_of
from app.identity.oidc import attempts
from app.identity.oidc import rules as oidc_rules
from app.identity.oidc.id_token import Person as OidcPerson
from app.identity.tokens import load_keys
from app.ids import new_id
from app.properties.co_hosts import INVITATION
from app.properties.photos import files
from app.runtime import open_runtime
from db.enums import ChallengePurpose
from db.models import (
    Booking,
    CalendarImport,
    CoHost,
    HostCancellation,
    Identity,
    Passkey,
    Payment,
    PayoutAccount,
    Promotion,
    PropertyPhoto,
    PropertyPhotoUpload,
    SavedSearch,
    Wishlist,
)
from schema import ids
from schema.build import build_schema
from schema.policies import FIELDS, Policy
from tests.schema.face import Face, gid
from tests.schema.matrix.asking import selected
from tests.schema.matrix.judging import SCHEMA, Judge, allowed
from tests.schema.matrix.world import (
    Thing,
    World,
    add,
    add_difference,
    help_with,
    make,
    things,
)
from tests.schema.test_generated import WIDE
from tests.support.paystack import PaystackSandbox
from tests.support.sandbox import Sandbox
from tests.support.world import (
    add_alteration,
    add_booking,
    add_photo,
    add_property,
    add_session,
    add_user,
)

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
        key = await self.hosted(**columns)
        return {"propertyId": gid("Property", key)}, self.whose()

    async def hosted(self, **columns: Any) -> UUID:
        key = await add_property(self.db, self.host, **columns)
        await help_with(self.db, self.world, key)
        return key

    def whose(self, **more: Any) -> Thing:
        helpers = {"helpers": "co-host", "calendar": "calendar co-host"}
        users = {side: frozenset({self.world.user(name)}) for side, name in helpers.items()}
        return msgspec.structs.replace(Thing(kind="", id="", host=self.host), **users, **more)

    async def booking(self, status: str, days: int, **columns: Any) -> Case:
        place = await self.hosted()
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
        return {"bookingId": gid("Booking", key)}, self.whose(guest=self.guest)

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


async def sleep(stage: Stage) -> Case:
    case, whose = await stage.place()
    return case | {"until": str(clock.now().date() + timedelta(days=9))}, whose


async def new_import(stage: Stage) -> Case:
    case, whose = await stage.place()
    return case | {"name": "Elsewhere", "url": "http://127.0.0.1:9/calendar.ics"}, whose


async def import_(stage: Stage) -> Case:
    key, now = new_id(), clock.now()
    place = await stage.hosted()
    async with stage.db.transaction() as session:
        url = f"https://calendars.example/{key}"
        session.add(CalendarImport(id=key, property_id=place, name="a", url=url, due_at=now))
    return {"importId": gid("CalendarImport", key)}, stage.whose()


async def invitation(stage: Stage) -> tuple[UUID, Thing]:
    place = await stage.hosted()
    expires_at = clock.now() + timedelta(days=1)
    columns = {"email": f"{new_id().hex}@example.com", "expires_at": expires_at}
    key = await add(stage.db, CoHost, property_id=place, rights=["CALENDAR"], **columns)
    return key, stage.whose()


async def helper(stage: Stage) -> Case:
    key, whose = await invitation(stage)
    return {"coHostId": gid("CoHost", key)}, whose


async def mailed(stage: Stage) -> Case:
    """To a place of somebody's who is none of those who try."""
    place = await add_property(stage.db, await add_user(stage.db))
    expires_at = clock.now() + timedelta(days=1)
    columns = {"email": f"{new_id().hex}@example.com", "expires_at": expires_at}
    key = await add(stage.db, CoHost, property_id=place, rights=["CALENDAR"], **columns)
    keys = load_keys(stage.face.runtime.settings)
    return {"token": code_of(keys, key, INVITATION)}, None


async def wishlist(stage: Stage) -> Case:
    key = await add(stage.db, Wishlist, user_id=stage.guest, name="Somewhere warm")
    return {"wishlistId": gid("Wishlist", key)}, Thing(kind="", id="", owner=stage.guest)


async def wish(stage: Stage) -> Case:
    (place, _), (case, whose) = await stage.place(), await wishlist(stage)
    return case | place, whose


async def new_photos(stage: Stage) -> Case:
    case, whose = await stage.place()
    return case | {"files": [{"contentType": "image/png", "size": 1}]}, whose


async def sent_photo(stage: Stage) -> Case:
    """A file that waits to be completed."""
    place, key, now = await stage.hosted(), new_id(), clock.now()
    url = files.path_of(key.hex)
    await stage.face.runtime.storage.put(files.original(url), b"1", "image/png")
    await add(
        stage.db,
        PropertyPhotoUpload,
        id=key,
        property_id=place,
        position=1,
        caption="",
        url=url,
        size=1,
        status="AWAITING_FILE",
        expires_at=now + timedelta(hours=1),
        forget_at=now + timedelta(hours=2),
    )
    return {"uploadIds": [gid("PhotoUpload", key)]}, stage.whose()


async def photo(stage: Stage) -> Case:
    place = await stage.hosted()
    key = await add_photo(stage.db, place, position=1)
    return {"photoId": gid("Photo", key)}, stage.whose()


async def photo_order(stage: Stage) -> Case:
    place = await stage.hosted()
    async with stage.db.read() as connection:
        own = PropertyPhoto.property_id == place
        first = await connection.scalar(select(PropertyPhoto.id).where(own))
    assert first is not None
    second = await add_photo(stage.db, place, position=1)
    order = [gid("Photo", each) for each in (second, first)]
    case = {"propertyId": gid("Property", place), "photoIds": order}
    return case, stage.whose()


def code() -> str:
    return f"C-{new_id().hex[-12:]}"


async def promotion(stage: Stage) -> Case:
    key = await add(stage.db, Promotion, host_id=stage.host, code=code(), rate_bp=100)
    return {"promotionId": gid("Promotion", key)}, Thing(kind="", id="", owner=stage.host)


async def new_promotion(_: Stage) -> Case:
    return {"code": code(), "percent": 10}, None


async def new_platforms_promotion(_: Stage) -> Case:
    return {"promotion": {"code": code(), "percent": 10}, "reason": "Summer."}, None


async def platforms_promotion(stage: Stage) -> Case:
    key = await add(stage.db, Promotion, host_id=None, code=code(), rate_bp=100)
    return {"promotionId": gid("Promotion", key), "reason": "It is over."}, None


async def difference(stage: Stage) -> Case:
    key = await add_difference(stage.db)
    return {"differenceId": gid("Difference", key), "reason": "It is known."}, None


async def hold(stage: Stage) -> Case:
    await add_difference(stage.db)
    return {"provider": "STRIPE", "currency": "EUR", "reason": "It is known."}, None


async def comparison(_: Stage) -> Case:
    return {"provider": "STRIPE", "reason": "It looks odd."}, None


async def search(stage: Stage) -> Case:
    row = {"user_id": stage.guest, "name": "Porto", "asked": {}, "wanted": {}}
    key = await add(stage.db, SavedSearch, **row)
    return {"savedSearchId": gid("SavedSearch", key)}, Thing(kind="", id="", owner=stage.guest)


async def cancelled_by_host(stage: Stage) -> Case:
    columns = {"cancelled_by": "HOST", "cancelled_at": clock.now(), "confirmed_at": clock.now()}
    case, _ = await stage.booking("CANCELLED", 20, **columns)
    row = {"currency": "EUR", "fee_minor": 50_00, "cancelled_at": clock.now()}
    key = ids.key_of("Booking", case["bookingId"])
    await add(stage.db, HostCancellation, booking_id=key, host_id=stage.host, **row)
    return case | {"reason": "A burst pipe."}, None


async def new_alteration(stage: Stage) -> Case:
    """A night less."""
    case, thing = await stage.booking("CONFIRMED", 20, confirmed_at=clock.now())
    leaves = clock.now().date() + timedelta(days=22)
    total = {"amount": 200_00, "currency": "EUR"}
    wanted = {"checkOut": str(leaves), "expectedTotal": total, "idempotencyKey": new_id().hex}
    return case | wanted, thing


async def alteration(stage: Stage, *, agrees: bool = False) -> Case:
    """Proposed by the guest, at the same price."""
    case, thing = await stage.booking("CONFIRMED", 20, confirmed_at=clock.now())
    decoded = ids.decode(case["bookingId"])
    assert decoded is not None
    key = await add_alteration(stage.db, decoded[1])
    shown = {"alterationId": gid("BookingAlteration", key)}
    if not agrees:
        return shown, thing
    total = {"amount": 300_00, "currency": "EUR"}
    return shown | {"expectedTotal": total, "idempotencyKey": new_id().hex}, thing


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
    "createWishlist": own(name="Somewhere warm"),
    "renameWishlist": with_(wishlist, name="Somewhere cold"),
    "shareWishlist": wishlist,
    "unshareWishlist": wishlist,
    "saveProperty": wish,
    "unsaveProperty": wish,
    "deleteWishlist": wishlist,
    "saveSearch": own(name="Porto", filter={"city": "Porto"}),
    "updateSavedSearch": with_(search, emailAlerts=True),
    "deleteSavedSearch": search,
    "recordPropertyView": Stage.place,
    "setViewHistory": own(isOn=False),
    "clearViewHistory": own(),
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
        pricePerNight={"amount": 10_00, "currency": "EUR"},
    ),
    "createBooking": Stage.stay,
    "revokeSession": device,
    "linkIdentity": way_back,
    "unlinkIdentity": identity,
    "renamePasskey": with_(passkey, name="Another"),
    "deletePasskey": proven_passkey,
    "updateProperty": with_(Stage.place, title="Another"),
    "setPropertyTaxes": with_(Stage.place, taxes=[{"name": "VAT", "rateBasisPoints": 600}]),
    "createPromotion": new_promotion,
    "endPromotion": promotion,
    "staffCreatePromotion": new_platforms_promotion,
    "staffEndPromotion": platforms_promotion,
    "staffWaiveCancellationFee": cancelled_by_host,
    "staffReconcile": comparison,
    "staffReleasePayouts": hold,
    "staffBookDifference": difference,
    "updateCalendar": calendar,
    "rotateCalendarFeed": Stage.place,
    "addCalendarImport": new_import,
    "removeCalendarImport": import_,
    "syncCalendarImport": import_,
    "inviteCoHost": with_(Stage.place, email="helper@example.com", rights=["CALENDAR"]),
    "acceptCoHostInvitation": mailed,
    "updateCoHost": with_(helper, rights=["ALL"]),
    "removeCoHost": helper,
    "leaveCoHosting": Stage.place,
    "createPhotoUploads": new_photos,
    "completePhotoUploads": sent_photo,
    "updatePhoto": with_(photo, caption="Another."),
    "reorderPhotos": photo_order,
    "deletePhoto": photo,
    "publishProperty": lambda stage: stage.place(status="UNPUBLISHED"),
    "unpublishProperty": Stage.place,
    "snoozeProperty": sleep,
    "archiveProperty": Stage.place,
    "deleteProperty": lambda stage: stage.place(status="DRAFT", published_at=None),
    "duplicateProperty": Stage.place,
    "acceptBooking": lambda stage: stage.booking("PENDING_HOST", 20),
    "declineBooking": lambda stage: stage.booking("PENDING_HOST", 20),
    "cancelBooking": with_(lambda stage: stage.booking("CONFIRMED", 20), reason="They asked."),
    "proposeAlteration": new_alteration,
    "acceptAlteration": lambda stage: alteration(stage, agrees=True),
    "declineAlteration": alteration,
    "withdrawAlteration": alteration,
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
            party = thing is not None and actor.user_id in {
                thing.guest,
                thing.host,
                *thing.helpers,
            }
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
