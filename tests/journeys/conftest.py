"""Every story gets the real processes, fresh."""

from collections.abc import AsyncIterator

import pytest

from app.runtime import open_runtime
from db.session import Database
from tests.journeys.reference import Reference
from tests.journeys.story import Story
from tests.support.processes import Stack


@pytest.fixture
async def story(stack: Stack, db: Database) -> AsyncIterator[Story]:
    """API, worker, payment sandbox and mail catcher, all running."""
    await stack.start()
    async with open_runtime(stack.settings) as runtime:
        story = Story(stack, db, Reference(stack.settings, runtime))
        yield story
        await story.close()
