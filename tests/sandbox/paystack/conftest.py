"""One sandbox process for all these tests, wiped before each, and a receiver of its webhooks."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from tests.sandbox.receiver import Receiver
from tests.support.described import watch
from tests.support.paystack import PaystackControl, PaystackSandbox


@pytest.fixture(scope="session")
async def paystack_hooks() -> AsyncIterator[Receiver]:
    receiver = Receiver("x-paystack-signature", "event")
    await receiver.start()
    yield receiver
    await receiver.stop()


@pytest.fixture(scope="session")
async def paystack_process(paystack_hooks: Receiver) -> AsyncIterator[PaystackSandbox]:
    sandbox = PaystackSandbox(webhook_url=paystack_hooks.url)
    await sandbox.start()
    yield sandbox
    await sandbox.stop()


@pytest.fixture
async def paystack(paystack_process: PaystackSandbox, paystack_hooks: Receiver) -> PaystackSandbox:
    """A sandbox that knows nothing yet, and where nothing happens by itself."""
    await paystack_process.control.reset()
    await paystack_process.control.hold()
    paystack_hooks.reset()
    return paystack_process


@pytest.fixture
def bank(paystack: PaystackSandbox) -> PaystackControl:
    """The control calls."""
    return paystack.control


@pytest.fixture
async def api(paystack: PaystackSandbox) -> AsyncIterator[httpx2.AsyncClient]:
    """A client whose every request and answer is held against Paystack's description."""
    async with watch(paystack.http()) as http:
        yield http


@pytest.fixture
async def browser(paystack: PaystackSandbox) -> AsyncIterator[httpx2.AsyncClient]:
    """A browser."""
    async with httpx2.AsyncClient(base_url=paystack.base_url, trust_env=False) as http:
        yield http
