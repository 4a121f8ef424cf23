"""Every story gets the real processes, fresh."""

from collections.abc import AsyncIterator

import pytest

from db.session import Database
from tests.journeys.story import Story
from tests.support.processes import Stack


@pytest.fixture
async def story(stack: Stack, db: Database) -> AsyncIterator[Story]:
    """API, worker, payment sandbox and mail catcher, all running."""
    await stack.start()
    story = Story(stack, db)
    yield story
    await story.close()
