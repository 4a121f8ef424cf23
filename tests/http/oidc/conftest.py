"""Two providers, the API that knows them, and two people who sign in through them."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest
from joserfc.jwk import ECKey
from litestar import Litestar

from app.config import Settings
from jobs import tasks
from tests.http.conftest import serving
from tests.http.oidc.people import known
from tests.http.visitors import APP, WEB, Visitor
from tests.support.mailbox import Mailbox
from tests.support.oidc import Provider


@pytest.fixture(scope="session")
async def servers_away() -> AsyncIterator[tuple[Provider, Provider]]:
    """One that is known by settings alone, and one of Apple's kind, at another address."""
    acme, apple = Provider(), Provider(tells_issuer=True)
    apple.client_key = ECKey.generate_key("P-256")
    await asyncio.gather(acme.start(), apple.start())
    yield acme, apple
    await asyncio.gather(acme.stop(), apple.stop())


@pytest.fixture
def acme(servers_away: tuple[Provider, Provider]) -> Provider:
    servers_away[0].reset()
    return servers_away[0]


@pytest.fixture
def apple(servers_away: tuple[Provider, Provider]) -> Provider:
    servers_away[1].reset()
    return servers_away[1]


@pytest.fixture
async def api(
    settings: Settings, mailbox: Mailbox, acme: Provider, apple: Provider
) -> AsyncIterator[Litestar]:
    tasks.load()
    changed = msgspec.structs.replace(
        settings,
        smtp_url=mailbox.smtp_url,
        web_origins=(WEB,),
        app_return_urls=(APP,),
        oidc_providers=known(acme, apple),
    )
    async with serving(changed) as app:
        yield app


@pytest.fixture
def ada(api: Litestar) -> Visitor:
    return Visitor(api)


@pytest.fixture
def eve(api: Litestar) -> Visitor:
    return Visitor(api, address="198.51.100.7")
