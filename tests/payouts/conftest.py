"""A till: the real provider over one sandbox process, wiped before each test."""

from collections.abc import AsyncIterator

import pytest

from app.config import Settings
from db.session import Database
from tests.support.money import Till
from tests.support.sandbox import Sandbox


@pytest.fixture(scope="session")
async def _sandbox() -> AsyncIterator[Sandbox]:
    sandbox = Sandbox()
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
