"""Staff at work, against real processes: from the first admin to the end of somebody's sockets."""

import asyncio
import os
import sys
import time
from typing import Any

import httpx2
from sqlalchemy import update

from db.models import User
from db.session import Database
from tests.http.test_process import close_code, socket
from tests.http.test_sessions import Device, register
from tests.support.processes import ROOT, Stack, environment

SUSPEND = """mutation ($id: ID!) { staffSuspend(input: {userId: $id, reason: "Fraud."}) {
  __typename ... on StaffActionSuccess { person { suspendedAt sessions { id } } } } }"""


async def grant(stack: Stack, email: str, role: str) -> tuple[int | None, str]:
    """`app grant-role`, as whoever runs the servers types it."""
    command = [sys.executable, "-m", "app", "grant-role", email, role]
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=ROOT,
        env=os.environ | environment(stack.settings),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    told, _ = await process.communicate()
    return process.returncode, told.decode()


async def suspend(admin: Device, whom: Device) -> Any:
    return (await admin.ask(SUSPEND, id=whom.tokens["user"]["id"]))["data"]["staffSuspend"]


async def test_an_admin_is_made_acts_and_is_one_no_more(stack: Stack, db: Database) -> None:
    await stack.start("api")
    elsewhere = await stack.another_api()
    async with (
        httpx2.AsyncClient(base_url=stack.api.url, trust_env=False) as one,
        httpx2.AsyncClient(base_url=elsewhere.url, trust_env=False) as two,
    ):
        for name in ("ada", "eve"):
            await register(one, name)
        admin, eve = Device(two, "desk"), Device(one, "phone")
        await eve.sign_in("eve")
        await admin.sign_in("ada")
        email = admin.tokens["user"]["email"]
        async with db.transaction() as session:
            await session.execute(update(User).values(email_verified_at=None))
        status, told = await grant(stack, email, "ADMIN")
        assert (status, "No account" in told) == (1, True), told
        async with db.transaction() as session:
            await session.execute(
                update(User).where(User.username == "ada").values(email_verified_at=User.created_at)
            )
        assert (await grant(stack, email, "ADMIN"))[0] == 0
        # The token of before the grant is nobody's.
        assert (await suspend(admin, eve))["__typename"] == "NotFoundError"
        await admin.sign_in("ada")
        async with (
            socket(stack, eve.bearer) as hers,
            socket(stack, admin.bearer) as admins,
        ):
            begun = time.monotonic()
            done = await suspend(admin, eve)
            assert done["__typename"] == "StaffActionSuccess"
            assert done["person"]["suspendedAt"] is not None
            assert done["person"]["sessions"] == []
            assert await close_code(hers) == 4403
            assert time.monotonic() - begun < 5
            refused = await eve.sign_in("eve")
            assert (refused.status_code, refused.json()["code"]) == (401, "ACCOUNT_SUSPENDED")
            assert (await grant(stack, email, "USER"))[0] == 0
            granted = time.monotonic()
            # The token still says ADMIN.
            assert (await suspend(admin, eve))["__typename"] == "NotFoundError"
            assert await close_code(admins) == 4403
            assert time.monotonic() - granted < 5
