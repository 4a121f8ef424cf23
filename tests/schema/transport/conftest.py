from collections.abc import AsyncIterator

import pytest

from tests.schema.transport.serving import Served, serving


@pytest.fixture(scope="session")
async def server() -> AsyncIterator[Served]:
    """The toy schema as in development, with the default limits."""
    async with serving() as served:
        yield served


@pytest.fixture(scope="session")
async def strict() -> AsyncIterator[Served]:
    """The toy schema as in production: no introspection, no page."""
    async with serving(introspection=False) as served:
        yield served
