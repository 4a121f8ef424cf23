"""Signing in by password and something else, over HTTP, with the mails that really arrive."""

import asyncio
import base64
from collections import Counter
from datetime import timedelta

import msgspec
import pytest
from litestar import Litestar
from sqlalchemy import func, insert, select, text, update

from app.config import Settings
from app.dev.secrets import new_signing_key
from app.http.state import RUNTIME
from app.identity import totp
from app.ids import new_id
from db.models import Challenge, Identity, RecoveryCode, SignInSession, TotpSecret, User
from db.session import Database
from jobs.registry import SWEEPS
from tests.http.conftest import client_of, serving
from tests.http.factors import Member, Watch, phone, watch
from tests.http.test_accounts import LEAVE, OTHER_PASSWORD, PASSWORD, RESET, TAKE, api, refused
from tests.support.drain import drain
from tests.support.mailbox import Mailbox
from tests.support.redis import forget_limits

__all__ = ["api", "watch"]


@pytest.fixture
async def ada(api: Litestar, mailbox: Mailbox, watch: Watch) -> Member:
    """Signed in, and without a second factor yet."""
    member = Member(api, mailbox, "ada")
    member.watch = watch
    await member.verified()
    return member


async def sessions(db: Database) -> int:
    async with db.read() as connection:
        found = await connection.execute(select(func.count()).select_from(SignInSession))
        return found.scalar_one()


async def subjects(member: Member) -> list[str]:
    await drain(member.api.state[RUNTIME], skip="payouts")
    return [mail.subject for mail in member.mailbox.to(member.email)]


async def test_from_then_on_a_code_is_asked_for(ada: Member, db: Database) -> None:
    codes = await ada.enable_totp()
    assert codes is not None
    assert len(set(codes)) == 10
    before = await sessions(db)
    answer = await ada.sign_in()
    assert answer.status_code == 202
    assert answer.headers["cache-control"] == "no-store"
    assert "set-cookie" not in answer.headers
    begun = answer.json()
    assert begun == {
        "challenge": begun["challenge"],
        "expiresIn": 600,
        "methods": ["TOTP", "RECOVERY_CODE"],
        "passkeyOptions": None,
    }
    assert await sessions(db) == before
    answer = await ada.second_step(begun["challenge"], totp=ada.totp())
    assert answer.status_code == 200, answer.text
    assert answer.json()["user"]["username"] == "ada"
    assert "roost_refresh" in answer.headers["set-cookie"]
    assert (await ada.trail())[:2] == ["SIGNED_IN", "TOTP_ENABLED"]
    # A challenge is met once.
    assert refused(
        await ada.second_step(begun["challenge"], totp=ada.totp()), 400, "CHALLENGE_REFUSED"
    )
    assert "Your authenticator app is on" in await subjects(ada)


async def test_a_wrong_password_says_nothing_about_factors(ada: Member) -> None:
    await ada.enable_totp()
    wrong = await ada.sign_in(password="wrong")
    nobody = await ada.sign_in(login="nobody", password="wrong")
    assert wrong.status_code == nobody.status_code == 401
    assert wrong.json() == nobody.json()


async def test_a_secret_is_on_once_it_is_confirmed(ada: Member, watch: Watch) -> None:
    for _ in range(2):
        secret = (await ada.send("enroll-totp", proof=await ada.proof())).json()["secret"]
    assert refused(await ada.send("confirm-totp", code="000000"), 403, "FACTOR_REFUSED")
    assert (await ada.sign_in()).status_code == 200
    ada.secret = base64.b32decode(secret)
    watch.wait(minutes=5)
    assert (await ada.send("confirm-totp", code=ada.totp())).status_code == 200
    answer = await ada.send("enroll-totp", proof=await ada.proof())
    assert refused(answer, 409, "TOTP_ENABLED")
    assert refused(await ada.send("confirm-totp", code=ada.totp()), 404, "NOT_FOUND")


async def test_a_secret_does_not_wait_for_ever(ada: Member, watch: Watch) -> None:
    secret = (await ada.send("enroll-totp", proof=await ada.proof())).json()["secret"]
    ada.secret = base64.b32decode(secret)
    watch.wait(minutes=61)
    await ada.sign_in()
    assert refused(await ada.send("confirm-totp", code=ada.totp()), 404, "NOT_FOUND")


@pytest.mark.parametrize(("drift", "status"), [(-2, 401), (-1, 200), (1, 200), (2, 401)])
async def test_clocks_may_differ_by_a_step(ada: Member, drift: int, status: int) -> None:
    await ada.enable_totp()
    ada.watch.wait(minutes=3)
    begun = await ada.first_step()
    answer = await ada.second_step(begun["challenge"], totp=ada.totp(drift))
    assert answer.status_code == status


async def test_a_code_works_once_and_so_does_none_before_it(ada: Member) -> None:
    await ada.enable_totp()
    begun = await ada.first_step()
    code = ada.totp()
    assert (await ada.second_step(begun["challenge"], totp=f" {code[:3]} {code[3:]}")).is_success
    begun = await ada.first_step()
    for used in (code, totp.code_of(ada.secret, totp.step_at(ada.watch.now) - 1)):
        answer = await ada.second_step(begun["challenge"], totp=used)
        assert refused(answer, 401, "SECOND_FACTOR_REFUSED")
    # A wrong one leaves the challenge standing.
    assert (await ada.second_step(begun["challenge"], totp=ada.totp())).is_success
    assert (await ada.trail())[:4] == ["SIGNED_IN", "FACTOR_REFUSED", "FACTOR_REFUSED", "SIGNED_IN"]


@pytest.mark.parametrize("kind", ["totp", "recoveryCode"])
async def test_twenty_at_once_are_one_session(ada: Member, db: Database, kind: str) -> None:
    """The same code for twenty challenges: whoever looks over a shoulder gets nothing."""
    await ada.enable_totp()
    code = ada.recovery[0] if kind == "recoveryCode" else ada.totp()
    before = await sessions(db)
    challenges = [(await ada.first_step())["challenge"] for _ in range(20)]
    await forget_limits(ada.api.state[RUNTIME].settings.redis_url)

    async def finish(challenge: str) -> int:
        async with client_of(ada.api) as client:
            body = {"challenge": challenge, kind: code}
            return (await client.post("/auth/second-factor", json=body)).status_code

    seen = await asyncio.gather(*(finish(each) for each in challenges))
    assert Counter(seen)[200] == 1
    assert set(seen) <= {200, 401, 429}
    assert await sessions(db) == before + 1


async def test_one_challenge_twenty_times_is_one_session(ada: Member, db: Database) -> None:
    await ada.enable_totp()
    before = await sessions(db)
    challenge = (await ada.first_step())["challenge"]
    answers = await asyncio.gather(
        *(ada.second_step(challenge, recoveryCode=code) for code in ada.recovery * 2)
    )
    assert [answer.status_code for answer in answers].count(200) == 1
    assert await sessions(db) == before + 1
    async with db.read() as connection:
        left = await connection.execute(select(func.count()).select_from(RecoveryCode))
    # The others were not used up by a challenge that was met already.
    assert left.scalar_one() == 9


async def test_a_recovery_code_stands_in_once_however_it_is_typed(ada: Member) -> None:
    await ada.enable_totp()
    code = ada.recovery[3]
    begun = await ada.first_step()
    typed = code.replace("-", " ").lower()
    assert (await ada.second_step(begun["challenge"], recoveryCode=typed)).is_success
    begun = await ada.first_step()
    again = await ada.second_step(begun["challenge"], recoveryCode=code)
    assert refused(again, 401, "SECOND_FACTOR_REFUSED")
    assert "A recovery code was used" in await subjects(ada)
    # The way out when the phone is gone: sign in, then switch the app off.
    assert (await ada.second_step(begun["challenge"], recoveryCode=ada.recovery[0])).is_success
    assert (await ada.send("disable-totp", proof=await ada.proof())).status_code == 204
    assert (await ada.sign_in()).status_code == 200


async def test_new_recovery_codes_void_the_old(ada: Member) -> None:
    proof = await ada.proof()
    assert refused(await ada.send("recovery-codes", proof=proof), 404, "NOT_FOUND")
    await ada.enable_totp()
    answer = await ada.send("recovery-codes", proof=await ada.proof())
    new = answer.json()["recoveryCodes"]
    assert len(set(new) | set(ada.recovery)) == 20
    begun = await ada.first_step()
    old = await ada.second_step(begun["challenge"], recoveryCode=ada.recovery[0])
    assert refused(old, 401, "SECOND_FACTOR_REFUSED")
    assert (await ada.second_step(begun["challenge"], recoveryCode=new[0])).is_success


async def test_guesses_are_counted_whatever_the_challenge(ada: Member) -> None:
    await ada.enable_totp()
    seen: Counter[int] = Counter()
    for _ in range(15):
        begun = await ada.first_step()
        seen[(await ada.second_step(begun["challenge"], totp="000000")).status_code] += 1
    assert seen == {401: 10, 429: 5}
    begun = await ada.first_step()
    answer = await ada.second_step(begun["challenge"], totp=ada.totp())
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    # Whoever guesses codes does not lock their owner out.
    assert (await ada.second_step(begun["challenge"], recoveryCode=ada.recovery[0])).is_success


async def test_guesses_from_everywhere_are_counted_per_account(ada: Member) -> None:
    await ada.enable_totp()
    seen: Counter[int] = Counter()
    for number in range(10):
        async with client_of(ada.api, address=f"198.51.100.{number}") as client:
            body = {"login": "ada", "password": PASSWORD}
            challenge = (await client.post("/auth/login", json=body)).json()["challenge"]
            guess = {"challenge": challenge, "totp": "000000"}
            for _ in range(6):
                seen[(await client.post("/auth/second-factor", json=guess)).status_code] += 1
    assert seen == {401: 40, 429: 20}


async def test_a_challenge_is_for_one_client_and_for_a_while(ada: Member) -> None:
    await ada.enable_totp()
    challenge = (await ada.first_step())["challenge"]
    body = {"challenge": challenge, "totp": ada.totp()}
    async with client_of(ada.api, address="198.51.100.7") as elsewhere:
        answer = await elsewhere.post("/auth/second-factor", json=body)
    assert refused(answer, 400, "CHALLENGE_REFUSED")
    # Nor is it good for anything else.
    ada.token = ""
    assert (await ada.send("disable-totp", proof=challenge)).status_code == 401
    ada.watch.wait(minutes=10)
    late = await ada.second_step(challenge, totp=ada.totp())
    assert refused(late, 400, "CHALLENGE_REFUSED")
    for nonsense in ("", "x", "A" * 43, challenge[:-1] + "\N{SNOWMAN}"):
        answer = await ada.second_step(nonsense, totp=ada.totp())
        assert refused(answer, 400, "CHALLENGE_REFUSED")


async def test_exactly_one_answer_is_taken(ada: Member) -> None:
    await ada.enable_totp()
    challenge = (await ada.first_step())["challenge"]
    for given in ({}, {"totp": ada.totp(), "recoveryCode": ada.recovery[0]}):
        assert refused(await ada.second_step(challenge, **given), 400, "BAD_USER_INPUT")


async def test_another_password_ends_what_waits_and_switches_nothing_off(ada: Member) -> None:
    await ada.enable_totp()
    waiting = (await ada.first_step())["challenge"]
    await ada.post("forgot-password", email=ada.email)
    reset = await ada.post("reset-password", token=await ada.code(RESET), password=OTHER_PASSWORD)
    assert reset.status_code == 204
    # The link signs nobody in.
    assert "set-cookie" not in reset.headers
    late = await ada.second_step(waiting, totp=ada.totp())
    assert refused(late, 400, "CHALLENGE_REFUSED")
    answer = await ada.sign_in(password=OTHER_PASSWORD)
    assert answer.status_code == 202
    assert (await ada.second_step(answer.json()["challenge"], totp=ada.totp())).is_success


async def test_a_reset_that_verifies_takes_away_what_was_there_before(
    ada: Member, api: Litestar, mailbox: Mailbox, db: Database
) -> None:
    """Pre-hijacking: Eve has claimed Bob's address, and stays in by whatever there is."""
    eve, bob = Member(api, mailbox, "eve"), Member(api, mailbox, "bob")
    eve.watch = ada.watch
    await eve.register(email=bob.email)
    await eve.sign_in()
    await eve.enable_totp()
    device = phone()
    assert (await eve.add_passkey(device)).status_code == 201
    async with db.transaction() as session:
        hers = select(User.id).where(User.username == "eve").scalar_subquery()
        at_provider = {"provider": "acme", "subject": "eve", "user_id": hers, "id": new_id()}
        await session.execute(insert(Identity).values(at_provider))
    await bob.post("forgot-password", email=bob.email)
    code = await bob.code(RESET)
    assert (await bob.post("reset-password", token=code, password=OTHER_PASSWORD)).is_success
    assert refused(await eve.passkey_sign_in(device), 401, "PASSKEY_REFUSED")
    # His password is enough, and hers is nobody's.
    assert (await bob.sign_in(bob.email, OTHER_PASSWORD)).status_code == 200
    left = "secondFactor { totp passkeyCount recoveryCodesLeft } identities { id }"
    assert (await bob.ask(f"{{ viewer {{ {left} }} }}"))["data"]["viewer"] == {
        "secondFactor": {"totp": False, "passkeyCount": 0, "recoveryCodesLeft": 0},
        "identities": [],
    }
    assert {"TOTP_DISABLED", "PASSKEY_REMOVED", "IDENTITY_UNLINKED"} <= set(await bob.trail())
    told = await subjects(bob)
    for subject in (
        "Your authenticator app is off",
        "A passkey was removed",
        "You can no longer sign in with acme",
    ):
        assert subject in told, told


async def test_a_change_of_address_begun_before_it_was_verified_is_void(
    ada: Member, api: Litestar, mailbox: Mailbox
) -> None:
    """Eve's claim of Bob's address was to move to hers as soon as it is worth something."""
    eve, bob = Member(api, mailbox, "eve"), Member(api, mailbox, "bob")
    await eve.register(email=bob.email)
    await eve.sign_in()
    await eve.post("change-email", password=PASSWORD, email=eve.email)
    take = await eve.code(TAKE, eve.email)
    await bob.post("forgot-password", email=bob.email)
    await bob.post("reset-password", token=await bob.code(RESET), password=OTHER_PASSWORD)
    assert refused(await eve.post("confirm-email-change", token=take), 400, "LINK_REFUSED")


async def test_signing_out_everywhere_ends_what_waits(ada: Member) -> None:
    await ada.enable_totp()
    token, waiting = ada.token, (await ada.first_step())["challenge"]
    ada.token = token
    await ada.ask("mutation { revokeAllSessions(input: {keepCurrent: true}) { __typename } }")
    late = await ada.second_step(waiting, totp=ada.totp())
    assert refused(late, 400, "CHALLENGE_REFUSED")


CHANGES = ["enroll-totp", "disable-totp", "recovery-codes", "passkey-options"]


@pytest.mark.parametrize("path", CHANGES)
async def test_changes_want_a_proof_that_is_used_once(ada: Member, path: str) -> None:
    """An access token alone changes nothing."""
    for nothing in ("", "A" * 43):
        assert refused(await ada.send(path, proof=nothing), 403, "PROOF_REQUIRED")
    proof = await ada.proof()
    other = Member(ada.api, ada.mailbox, "eve")
    await other.verified()
    assert refused(await other.send(path, proof=proof), 403, "PROOF_REQUIRED")
    if path in ("disable-totp", "recovery-codes"):
        await ada.enable_totp()
    assert (await ada.send(path, proof=proof)).is_success
    assert refused(await ada.send(path, proof=proof), 403, "PROOF_REQUIRED")
    proof = await ada.proof()
    ada.watch.wait(minutes=5)
    assert refused(await ada.send(path, proof=proof), 403, "PROOF_REQUIRED")


async def test_a_proof_is_the_password_or_a_factor(ada: Member) -> None:
    assert refused(await ada.send("proof", password="wrong"), 403, "WRONG_PASSWORD")
    assert refused(await ada.send("proof"), 403, "PROOF_REQUIRED")
    assert refused(await ada.send("proof", totp="000000"), 403, "FACTOR_REFUSED")
    await ada.enable_totp()
    assert refused(await ada.send("proof", totp="000000"), 403, "FACTOR_REFUSED")
    both = await ada.send("proof", password=PASSWORD, totp=ada.totp())
    assert refused(both, 400, "BAD_USER_INPUT")
    assert await ada.proof(totp=ada.totp())
    assert await ada.proof(recoveryCode=ada.recovery[0])
    assert refused(await ada.send("proof"), 403, "PROOF_REQUIRED")


async def test_proofs_are_not_to_be_guessed(ada: Member) -> None:
    await ada.enable_totp()
    answers = [await ada.send("proof", totp="000000") for _ in range(12)]
    assert Counter(answer.status_code for answer in answers) == {403: 10, 429: 2}
    # They count together with those at sign-in.
    begun = await ada.first_step()
    assert (await ada.second_step(begun["challenge"], totp="000000")).status_code == 429


async def test_whoever_has_nothing_to_prove_by_has_just_signed_in(
    ada: Member, db: Database
) -> None:
    """An account that signs in elsewhere: neither password nor factor yet."""
    async with db.transaction() as session:
        await session.execute(text("UPDATE users SET password_hash = NULL"))
    proof = await ada.send("proof")
    assert proof.status_code == 200
    # It moves an account without a password, too.
    for wrong in ({}, {"proof": proof.json()["proof"], "password": PASSWORD}):
        answer = await ada.send("change-email", email="ada.l@example.org", **wrong)
        assert refused(answer, 400, "BAD_USER_INPUT")
    for status, proven in ((403, "A" * 43), (204, proof.json()["proof"])):
        answer = await ada.send("change-email", email="ada.l@example.org", proof=proven)
        assert answer.status_code == status, answer.text
    await ada.send("confirm-email-change", token=await ada.code(TAKE, "ada.l@example.org"))
    moved = await ada.send("confirm-email-change", token=await ada.code(LEAVE))
    assert moved.json() == {"state": "CHANGED"}
    again = await ada.send("change-email", email="a@example.org", proof=proof.json()["proof"])
    assert refused(again, 403, "PROOF_REQUIRED")
    async with db.transaction() as session:
        created_at = SignInSession.created_at - timedelta(minutes=10)
        await session.execute(update(SignInSession).values(created_at=created_at))
    assert refused(await ada.send("proof"), 403, "FRESH_SIGN_IN_REQUIRED")


async def test_an_ended_session_changes_nothing(ada: Member) -> None:
    proof = await ada.proof()
    token = ada.token
    await ada.post("logout")
    ada.token = token
    for path, body in (("enroll-totp", {"proof": proof}), ("proof", {"totp": "000000"})):
        assert refused(await ada.send(path, **body), 401, "UNAUTHENTICATED")


async def test_secrets_are_sealed_and_follow_the_signing_keys(
    ada: Member, settings: Settings, db: Database, mailbox: Mailbox
) -> None:
    await ada.enable_totp()
    async with db.read() as connection:
        sealed = (await connection.execute(select(TotpSecret.sealed_secret))).scalar_one()
    assert ada.secret not in sealed
    new = new_signing_key()

    async def signs_in(*keys: str) -> bool:
        rotated = msgspec.structs.replace(settings, auth_signing_keys=keys)
        async with serving(rotated) as app, client_of(app) as client:
            body = {"login": "ada", "password": PASSWORD}
            begun = (await client.post("/auth/login", json=body)).json()
            finish = {"challenge": begun["challenge"], "totp": ada.totp()}
            answer = await client.post("/auth/second-factor", json=finish)
            return answer.status_code == 200

    (old,) = settings.auth_signing_keys
    assert await signs_in(new, old)
    # Before the old key may go, what it has sealed is sealed anew.
    assert not await signs_in(new)
    rotated = msgspec.structs.replace(settings, auth_signing_keys=(new, old))
    async with serving(rotated) as app:
        for _ in range(2):
            await SWEEPS["identity.renew_seals"].run(app.state[RUNTIME])
    assert await signs_in(new)
    assert not await signs_in(old)


async def test_what_nobody_answers_is_forgotten(ada: Member, db: Database) -> None:
    await ada.enable_totp()
    await ada.first_step()
    await ada.post("passkey-sign-in-options")

    async def left() -> int:
        async with db.read() as connection:
            found = await connection.execute(select(func.count()).select_from(Challenge))
            return found.scalar_one()

    assert await left() == 2
    ada.watch.wait(minutes=6)
    await SWEEPS["identity.drop_expired_challenges"].run(ada.api.state[RUNTIME])
    assert await left() == 1
    ada.watch.wait(minutes=5)
    await SWEEPS["identity.drop_expired_challenges"].run(ada.api.state[RUNTIME])
    assert await left() == 0


async def test_it_works_without_redis(settings: Settings, ada: Member) -> None:
    await ada.enable_totp()
    away = msgspec.structs.replace(settings, redis_url="redis://127.0.0.1:9")
    async with serving(away) as app, client_of(app) as client:
        ada.client = client
        begun = await ada.first_step()
        assert (await ada.second_step(begun["challenge"], totp=ada.totp())).is_success
