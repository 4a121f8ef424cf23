"""The API inside the test process, over HTTP's own semantics but no socket."""

from collections.abc import AsyncIterator

import httpx2
import pytest
from litestar import Litestar

from app.config import Settings
from app.main import create_app


@pytest.fixture
async def api(settings: Settings) -> AsyncIterator[Litestar]:
    """The application, its lifespan begun on this very loop."""
    app = create_app(settings)
    async with app.lifespan():
        yield app


@pytest.fixture
async def client(api: Litestar) -> AsyncIterator[httpx2.AsyncClient]:
    """A client that keeps cookies, as a browser does."""
    transport = httpx2.ASGITransport(app=api, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://roost.test") as client:
        yield client
