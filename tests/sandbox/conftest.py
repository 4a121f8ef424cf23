"""One sandbox process for all these tests, wiped before each, and a receiver of its webhooks."""

from collections.abc import AsyncIterator

import pytest
import stripe

from tests.sandbox.receiver import Receiver
from tests.support.sandbox import Control, Sandbox


@pytest.fixture(scope="session")
async def hook_receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    await receiver.start()
    yield receiver
    await receiver.stop()


@pytest.fixture(scope="session")
async def sandbox_process(hook_receiver: Receiver) -> AsyncIterator[Sandbox]:
    sandbox = Sandbox(webhook_url=hook_receiver.url)
    await sandbox.start()
    yield sandbox
    await sandbox.stop()


@pytest.fixture
async def stripe_sandbox(sandbox_process: Sandbox, hook_receiver: Receiver) -> Sandbox:
    """A sandbox that knows nothing yet."""
    await sandbox_process.control.reset()
    hook_receiver.reset()
    return sandbox_process


@pytest.fixture
def receiver(stripe_sandbox: Sandbox, hook_receiver: Receiver) -> Receiver:
    """Where the sandbox sends its webhooks."""
    return hook_receiver


@pytest.fixture
def control(stripe_sandbox: Sandbox) -> Control:
    """The control calls."""
    return stripe_sandbox.control


@pytest.fixture
def client(stripe_sandbox: Sandbox) -> stripe.StripeClient:
    """The official library, with the secret key."""
    return stripe_sandbox.client()


@pytest.fixture
def browser(stripe_sandbox: Sandbox) -> stripe.StripeClient:
    """The official library, with the publishable key."""
    return stripe_sandbox.browser()
