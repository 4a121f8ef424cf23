"""Stages: each a marketplace of its own, over the same two sandboxes."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import msgspec
import pytest

from app import clock
from app.bookings import flows
from app.config import Settings
from app.payments import paystack_http, stripe_http
from app.runtime import open_runtime
from db.session import Database
from jobs import tasks
from schema.build import build_schema
from tests.lifecycle.stage import Stage, with_sandboxes
from tests.schema.face import Face
from tests.support import mortal
from tests.support.paystack import PaystackSandbox
from tests.support.postgres import Databases
from tests.support.sandbox import Sandbox

Opener = Callable[[], Awaitable[tuple[Stage, Callable[[], Awaitable[None]]]]]


@pytest.fixture(scope="module")
async def stripe() -> AsyncIterator[Sandbox]:
    sandbox = Sandbox()
    await sandbox.start()
    yield sandbox
    await sandbox.stop()


@pytest.fixture(scope="module")
async def paystack() -> AsyncIterator[PaystackSandbox]:
    sandbox = PaystackSandbox()
    await sandbox.start()
    yield sandbox
    await sandbox.stop()


@pytest.fixture
def open_stage(
    databases: Databases,
    settings: Settings,
    stripe: Sandbox,
    paystack: PaystackSandbox,
    monkeypatch: pytest.MonkeyPatch,
) -> Opener:
    """Opens a stage with a database of its own, one after the other; and how it is closed."""
    # A fault that passes within seconds is another story, and here each is met with open eyes.
    monkeypatch.setattr(stripe_http, "ATTEMPTS", 1)
    monkeypatch.setattr(paystack_http, "ATTEMPTS", 1)
    monkeypatch.setattr(flows, "TWIN_WAITS_SECONDS", ())
    tasks.load()
    schema = build_schema()
    browser = stripe.browser()

    @asynccontextmanager
    async def stage() -> AsyncIterator[Stage]:
        url = await databases.clone()
        ours = msgspec.structs.replace(with_sandboxes(settings, stripe, paystack), database_url=url)
        fate = mortal.Fate()
        db, dying = Database(url, pool_size=4), mortal.MortalDatabase(url, pool_size=8)
        dying.fate = fate
        try:
            async with open_runtime(ours) as runtime:
                dying.session_info = runtime.db.session_info
                mortal.watch(runtime.providers, fate)
                stage = Stage(
                    msgspec.structs.replace(runtime, db=dying),
                    Face(schema, msgspec.structs.replace(runtime, db=db)),
                    fate,
                    (stripe, paystack),
                    browser,
                )
                await stage.set()
                yield stage
        finally:
            await dying.close()
            await db.close()
            await databases.drop(url)
            clock.freeze(None)

    async def opened() -> tuple[Stage, Callable[[], Awaitable[None]]]:
        stack = AsyncExitStack()
        return await stack.enter_async_context(stage()), stack.aclose

    return opened


@pytest.fixture
async def stage(open_stage: Opener) -> AsyncIterator[Stage]:
    """One of them."""
    stage, close = await open_stage()
    yield stage
    await close()
