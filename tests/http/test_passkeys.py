"""Passkeys over HTTP, by a software authenticator that signs what a real one would."""

import asyncio
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from litestar import Litestar
from sqlalchemy import insert, select, update

from app.http.state import KEYS
from app.identity import enrollment, tokens
from app.identity.client import Client
from app.ids import new_id
from db.models import Identity, Passkey, User
from db.session import Database
from schema import ids
from tests.http.conftest import client_of
from tests.http.factors import Member, Watch, watch
from tests.http.oidc.people import someone_waits
from tests.http.test_accounts import api, refused
from tests.http.test_second_factors import sessions, subjects
from tests.support.authenticator import PRESENT, Authenticator
from tests.support.mailbox import Mailbox

__all__ = ["api", "watch"]

# PUBLIC_URL of the tests' settings.
ORIGIN = "http://localhost:8000"


@pytest.fixture
def phone() -> Authenticator:
    return Authenticator(ORIGIN)


@pytest.fixture
async def ada(api: Litestar, mailbox: Mailbox, watch: Watch) -> Member:
    """Signed in, and without a second factor yet."""
    member = Member(api, mailbox, "ada")
    member.watch = watch
    await member.verified()
    return member


async def test_a_passkey_signs_in_without_a_password(ada: Member, phone: Authenticator) -> None:
    added = await ada.add_passkey(phone)
    assert added.status_code == 201, added.text
    assert len(added.json()["recoveryCodes"]) == 10
    for _ in range(2):
        answer = await ada.passkey_sign_in(phone)
        assert answer.status_code == 200, answer.text
        assert answer.json()["user"]["username"] == "ada"
    assert (await ada.trail())[:3] == ["SIGNED_IN", "SIGNED_IN", "PASSKEY_ADDED"]
    assert "A passkey was added" in await subjects(ada)


async def test_a_passkey_alone_counts_as_both_factors(ada: Member, phone: Authenticator) -> None:
    await ada.enable_totp()
    # The recovery codes of before still stand.
    assert (await ada.add_passkey(phone)).json()["recoveryCodes"] is None
    assert (await ada.passkey_sign_in(phone)).status_code == 200


async def test_a_passkey_is_a_second_factor(ada: Member, phone: Authenticator) -> None:
    await ada.add_passkey(phone)
    begun = await ada.first_step()
    assert begun["methods"] == ["PASSKEY", "RECOVERY_CODE"]
    (allowed,) = begun["passkeyOptions"]["allowCredentials"]
    assert allowed["transports"] == ["hybrid", "internal"]
    signed = phone.get(begun["passkeyOptions"])
    assert (await ada.second_step(begun["challenge"], passkey=signed)).status_code == 200
    # The same again, for another challenge.
    begun = await ada.first_step()
    answer = await ada.second_step(begun["challenge"], passkey=signed)
    assert refused(answer, 401, "SECOND_FACTOR_REFUSED")


async def test_a_passkey_proves(ada: Member, phone: Authenticator) -> None:
    await ada.add_passkey(phone)
    offered = (await ada.post("proof-options")).json()
    signed = phone.get(offered["options"])
    assert refused(await ada.send("proof", passkey=signed), 400, "CHALLENGE_REFUSED")
    proof = await ada.proof(passkey=signed, challenge=offered["challenge"])
    assert (await ada.send("recovery-codes", proof=proof)).status_code == 200
    again = await ada.send("proof", passkey=signed, challenge=offered["challenge"])
    assert refused(again, 400, "CHALLENGE_REFUSED")
    # A challenge that was only asked for is no proof yet.
    asked = (await ada.post("proof-options")).json()["challenge"]
    for path in ("recovery-codes", "disable-totp", "passkey-options"):
        assert refused(await ada.send(path, proof=asked), 403, "PROOF_REQUIRED")
    # What was signed to sign in proves nothing, and the other way round.
    token = ada.token
    ada.token = ""
    begun = (await ada.post("passkey-sign-in-options")).json()
    ada.token = token
    wrong = phone.get(begun["options"])
    answer = await ada.send("proof", passkey=wrong, challenge=begun["challenge"])
    assert refused(answer, 400, "CHALLENGE_REFUSED")


OTHER_KEY = ec.generate_private_key(ec.SECP256R1())
FLAWS: dict[str, dict[str, Any]] = {
    "another site's page": {"origin": "https://roost.example.evil.test"},
    "another domain": {"rp_id": "evil.test"},
    "another challenge": {"challenge": "A" * 43},
    "nobody verified": {"flags": PRESENT},
    "nobody there": {"flags": 0x04},
    "registration's answer": {"type": "webauthn.create"},
    "another key": {"key": OTHER_KEY},
    "another person": {"user_handle": new_id().bytes},
}


@pytest.mark.parametrize("flaw", FLAWS.values(), ids=FLAWS.keys())
async def test_a_tampered_assertion_signs_nobody_in(
    ada: Member, phone: Authenticator, flaw: dict[str, Any], db: Database
) -> None:
    await ada.add_passkey(phone)
    before = await sessions(db)
    answer = await ada.passkey_sign_in(phone, **flaw)
    assert refused(answer, 401, "PASSKEY_REFUSED")
    begun = await ada.first_step()
    signed = phone.get(begun["passkeyOptions"], **flaw)
    answer = await ada.second_step(begun["challenge"], passkey=signed)
    assert refused(answer, 401, "SECOND_FACTOR_REFUSED")
    assert await sessions(db) == before


@pytest.mark.parametrize(
    "flaw",
    [
        {"origin": "https://evil.test"},
        {"rp_id": "evil.test"},
        {"challenge": "A" * 43},
        {"flags": PRESENT},
        {"type": "webauthn.get"},
        {"credential_id": bytes(1024)},
    ],
    ids=lambda flaw: next(iter(flaw)),
)
async def test_a_tampered_registration_adds_nothing(
    ada: Member, phone: Authenticator, flaw: dict[str, Any]
) -> None:
    assert refused(await ada.add_passkey(phone, **flaw), 403, "FACTOR_REFUSED")
    assert (await ada.sign_in()).status_code == 200


async def test_nonsense_is_refused_not_stumbled_over(ada: Member, phone: Authenticator) -> None:
    await ada.add_passkey(phone)
    offered = (await ada.post("passkey-sign-in-options")).json()
    good = phone.get(offered["options"])
    ada.token = ""
    for field in good["response"]:
        for nonsense in ("", "A", "!!", "AAAA", "e30", "\N{SNOWMAN}"):
            body = good | {"response": good["response"] | {field: nonsense}}
            answer = await ada.send("passkey-sign-in", challenge=offered["challenge"], passkey=body)
            assert answer.status_code in (400, 401, 429), (field, nonsense, answer.text)
    for nonsense in ("", "A", "\N{SNOWMAN}", "AAAA"):
        body = good | {"rawId": nonsense}
        answer = await ada.send("passkey-sign-in", challenge=offered["challenge"], passkey=body)
        assert answer.status_code in (400, 401, 429)


async def test_a_counter_that_goes_back_is_refused_and_told(
    ada: Member, phone: Authenticator
) -> None:
    await ada.add_passkey(phone)
    assert (await ada.passkey_sign_in(phone, count=100)).status_code == 200
    for count in (100, 99, 0):
        assert refused(await ada.passkey_sign_in(phone, count=count), 401, "PASSKEY_REFUSED")
    assert (await ada.passkey_sign_in(phone, count=101)).status_code == 200
    assert (await ada.trail())[1:3] == ["FACTOR_REFUSED", "PASSKEY_SUSPECTED"]
    assert "A passkey was refused" in await subjects(ada)


async def test_those_that_do_not_count_are_taken(ada: Member) -> None:
    synced = Authenticator(ORIGIN, counts=False)
    await ada.add_passkey(synced)
    for _ in range(2):
        assert (await ada.passkey_sign_in(synced)).status_code == 200


async def test_one_assertion_twenty_times_is_one_session(
    ada: Member, phone: Authenticator, db: Database
) -> None:
    await ada.add_passkey(phone)
    before = await sessions(db)
    offered = (await ada.post("passkey-sign-in-options")).json()
    body = {"challenge": offered["challenge"], "passkey": phone.get(offered["options"])}
    ada.token = ""
    answers = await asyncio.gather(*(ada.send("passkey-sign-in", **body) for _ in range(20)))
    assert [answer.status_code for answer in answers].count(200) == 1
    assert await sessions(db) == before + 1


async def test_challenges_are_for_one_client_and_not_for_ever(
    ada: Member, phone: Authenticator
) -> None:
    await ada.add_passkey(phone)
    offered = (await ada.post("passkey-sign-in-options")).json()
    body = {"challenge": offered["challenge"], "passkey": phone.get(offered["options"])}
    async with client_of(ada.api, address="198.51.100.7") as elsewhere:
        answer = await elsewhere.post("/auth/passkey-sign-in", json=body)
    assert refused(answer, 400, "CHALLENGE_REFUSED")
    ada.watch.wait(minutes=5)
    assert refused(await ada.send("passkey-sign-in", **body), 400, "CHALLENGE_REFUSED")


async def test_nobody_takes_over_a_passkey(
    ada: Member, phone: Authenticator, api: Litestar, mailbox: Mailbox
) -> None:
    await ada.add_passkey(phone)
    eve = Member(api, mailbox, "eve")
    await eve.verified()
    theirs = Authenticator(ORIGIN)
    answer = await eve.add_passkey(theirs, credential_id=phone.credential_id)
    assert refused(answer, 409, "PASSKEY_KNOWN")
    assert (await eve.add_passkey(theirs)).status_code == 201
    # Eve's passkey is no second factor of Ada's.
    begun = await ada.first_step()
    signed = theirs.get(begun["passkeyOptions"] | {"allowCredentials": []})
    answer = await ada.second_step(begun["challenge"], passkey=signed)
    assert refused(answer, 401, "SECOND_FACTOR_REFUSED")


async def test_options_are_not_handed_out_without_end(client: httpx2.AsyncClient) -> None:
    answers = [await client.post("/auth/passkey-sign-in-options") for _ in range(62)]
    assert [answer.status_code for answer in answers] == [200] * 60 + [429] * 2


async def test_an_account_holds_twenty(ada: Member, phone: Authenticator, db: Database) -> None:
    await ada.add_passkey(phone)
    async with db.transaction() as session:
        row = (await session.execute(select(Passkey))).scalar_one()
        for number in range(19):
            session.add(
                Passkey(
                    id=new_id(),
                    user_id=row.user_id,
                    credential_id=bytes([number]),
                    public_key=row.public_key,
                    sign_count=0,
                    name="More",
                )
            )
    assert refused(await ada.add_passkey(Authenticator(ORIGIN)), 409, "CONFLICT")


PASSKEYS = """{ viewer { passkeys { id name createdAt lastUsedAt }
  secondFactor { totp passkeyCount recoveryCodesLeft } } }"""
RENAME = """mutation ($id: ID!, $name: String!) {
  renamePasskey(input: {passkeyId: $id, name: $name}) {
    ... on RenamePasskeySuccess { passkey { id name } } ... on Error { code } } }"""
DELETE = """mutation ($id: ID!, $proof: String!) {
  deletePasskey(input: {passkeyId: $id, proof: $proof}) {
    ... on DeletePasskeySuccess { deletedPasskeyId user { secondFactor { passkeyCount } } }
    ... on Error { code } } }"""


async def viewer(member: Member) -> dict[str, Any]:
    found: dict[str, Any] = (await member.ask(PASSKEYS))["data"]["viewer"]
    return found


async def do(member: Member, mutation: str, **variables: Any) -> Any:
    answer = await member.client.post(
        "/graphql",
        json={"query": mutation, "variables": variables},
        headers={"authorization": f"Bearer {member.token}"},
    )
    (field,) = answer.json()["data"].values()
    return field


async def test_passkeys_are_listed_renamed_and_deleted(ada: Member, phone: Authenticator) -> None:
    nothing = {"totp": False, "passkeyCount": 0, "recoveryCodesLeft": 0}
    assert await viewer(ada) == {"passkeys": [], "secondFactor": nothing}
    added = (await ada.add_passkey(phone)).json()
    seen = await viewer(ada)
    assert seen["secondFactor"] == nothing | {"passkeyCount": 1, "recoveryCodesLeft": 10}
    (listed,) = seen["passkeys"]
    assert (listed["id"], listed["name"]) == (added["id"], "My phone")
    assert listed["createdAt"] is not None
    assert listed["lastUsedAt"] is None
    await ada.passkey_sign_in(phone)
    assert (await viewer(ada))["passkeys"][0]["lastUsedAt"] is not None
    assert await do(ada, RENAME, id=added["id"], name="  Old   phone ") == {
        "passkey": {"id": added["id"], "name": "Old phone"}
    }
    for wrong in ("", " ", "x" * 61, "a\u202eb", "a\nb"):
        refusal = await do(ada, RENAME, id=added["id"], name=wrong)
        assert refusal == {"code": "INVALID_INPUT"}, wrong
    # An access token alone deletes nothing.
    refusal = await do(ada, DELETE, id=added["id"], proof="A" * 43)
    assert refusal == {"code": "PROOF_REQUIRED"}
    deleted = await do(ada, DELETE, id=added["id"], proof=await ada.proof())
    assert deleted == {
        "deletedPasskeyId": added["id"],
        "user": {"secondFactor": {"passkeyCount": 0}},
    }
    # With the last factor the recovery codes go, and the password is enough again.
    assert await viewer(ada) == {"passkeys": [], "secondFactor": nothing}
    assert refused(await ada.passkey_sign_in(phone), 401, "PASSKEY_REFUSED")
    assert (await ada.sign_in()).status_code == 200
    assert "PASSKEY_REMOVED" in await ada.trail()
    assert "A passkey was removed" in await subjects(ada)


async def test_recovery_codes_stay_until_the_last_factor_goes(
    ada: Member, phone: Authenticator
) -> None:
    await ada.enable_totp()
    added = (await ada.add_passkey(phone)).json()
    await do(ada, DELETE, id=added["id"], proof=await ada.proof())
    left = {"totp": True, "passkeyCount": 0, "recoveryCodesLeft": 10}
    assert (await viewer(ada))["secondFactor"] == left
    assert (await ada.sign_in()).status_code == 202


async def test_the_last_way_to_sign_in_stays(
    ada: Member, phone: Authenticator, db: Database
) -> None:
    """Of two that are deleted at once one is kept: nobody locks themselves out."""
    one, other = phone, Authenticator(ORIGIN)
    keys = [(await ada.add_passkey(device)).json()["id"] for device in (one, other)]
    proofs = [await ada.proof() for _ in range(3)]
    actor = tokens.authenticate(f"Bearer {ada.token}", ada.api.state[KEYS], ada.watch.now)
    async with db.transaction() as session:
        await session.execute(update(User).values(password_hash=None))
    async with db.transaction() as session:
        key = ids.key_of("Passkey", keys[0])
        assert key is not None
        await enrollment.delete_passkey(session, actor, key, proofs[0], Client(), ada.watch.now)
        later = asyncio.create_task(do(ada, DELETE, id=keys[1], proof=proofs[1]))
        async with asyncio.timeout(30):
            # PostgreSQL tells nobody that somebody waits.
            while not later.done() and not await someone_waits(db):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
    assert await later == {"code": "LAST_SIGN_IN_METHOD"}
    (left,) = (await viewer(ada))["passkeys"]
    identity = {"provider": "acme", "subject": "ada", "id": new_id()}
    async with db.transaction() as session:
        ada_s = select(User.id).scalar_subquery()
        await session.execute(insert(Identity).values(user_id=ada_s, **identity))
    deleted = await do(ada, DELETE, id=left["id"], proof=proofs[2])
    assert deleted["deletedPasskeyId"] == left["id"]


async def test_nobody_touches_anybody_else_s_passkey(
    ada: Member, phone: Authenticator, api: Litestar, mailbox: Mailbox
) -> None:
    theirs = (await ada.add_passkey(phone)).json()["id"]
    eve = Member(api, mailbox, "eve")
    await eve.verified()
    for passkey in (theirs, "nonsense"):
        assert await do(eve, RENAME, id=passkey, name="Mine") == {"code": "NOT_FOUND"}
        proof = await eve.proof()
        assert await do(eve, DELETE, id=passkey, proof=proof) == {"code": "NOT_FOUND"}
    assert [each["name"] for each in (await viewer(ada))["passkeys"]] == ["My phone"]


async def test_the_suspended_do_not_come_in_by_another_door(
    ada: Member, phone: Authenticator, db: Database
) -> None:
    await ada.add_passkey(phone)
    begun = await ada.first_step()
    async with db.transaction() as session:
        await session.execute(update(User).values(suspended_at=ada.watch.now))
    assert refused(await ada.passkey_sign_in(phone), 401, "ACCOUNT_SUSPENDED")
    signed = phone.get(begun["passkeyOptions"])
    answer = await ada.second_step(begun["challenge"], passkey=signed)
    assert refused(answer, 401, "ACCOUNT_SUSPENDED")
