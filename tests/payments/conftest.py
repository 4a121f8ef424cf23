"""Tills: the real providers over one sandbox process each, wiped before each test."""

from collections.abc import AsyncIterator

import pytest

from app.config import Settings
from db.session import Database
from tests.support.money import Till
from tests.support.paystack import PaystackSandbox
from tests.support.paystack_till import PaystackTill
from tests.support.sandbox import Sandbox


@pytest.fixture(scope="session")
async def _sandbox() -> AsyncIterator[Sandbox]:
    sandbox = Sandbox()
    await sandbox.start()
    yield sandbox
    await sandbox.stop()


@pytest.fixture(scope="session")
async def _paystack() -> AsyncIterator[PaystackSandbox]:
    sandbox = PaystackSandbox()
    await sandbox.start()
    yield sandbox
    await sandbox.stop()


@pytest.fixture
async def till(db: Database, settings: Settings, _sandbox: Sandbox) -> AsyncIterator[Till]:
    """A database and a provider that know of no money yet."""
    await _sandbox.control.reset()
    till = Till(db, _sandbox, settings)
    yield till
    await till.close()


@pytest.fixture
async def paystack_till(
    db: Database, settings: Settings, _paystack: PaystackSandbox
) -> AsyncIterator[PaystackTill]:
    """The same, with Paystack."""
    await _paystack.control.reset()
    await _paystack.control.hold()
    till = PaystackTill(db, _paystack, settings)
    yield till
    await till.close()


@pytest.fixture(params=["till", "paystack_till"])
def any_till(request: pytest.FixtureRequest) -> Till:
    """Each provider in turn."""
    till: Till = request.getfixturevalue(request.param)
    return till
