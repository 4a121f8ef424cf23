"""The schema over a runtime of the test's own; with `till`, over a payment sandbox too."""

from collections.abc import AsyncIterator

import msgspec
import pytest

from app.config import Settings
from app.runtime import open_runtime
from schema.build import build_schema
from schema.transport.schema import Schema
from tests.schema.face import Face, compare_completions
from tests.support.paystack import PaystackSandbox
from tests.support.sandbox import Sandbox


@pytest.fixture(scope="session")
def whole_schema() -> Schema:
    return compare_completions(build_schema(introspection=True))


@pytest.fixture(scope="session")
def core_schema() -> Schema:
    """The same without the engine: what graphql-core answers."""
    return build_schema(introspection=True, engine=False)


@pytest.fixture
async def face(
    settings: Settings, whole_schema: Schema, core_schema: Schema
) -> AsyncIterator[Face]:
    """Everything but a payment provider."""
    async with open_runtime(settings) as runtime:
        yield Face(whole_schema, runtime, core_schema)


@pytest.fixture(scope="session")
async def schema_sandbox() -> AsyncIterator[Sandbox]:
    sandbox = Sandbox()
    await sandbox.start()
    yield sandbox
    await sandbox.stop()


@pytest.fixture(scope="session")
async def telco() -> AsyncIterator[PaystackSandbox]:
    sandbox = PaystackSandbox()
    await sandbox.start()
    yield sandbox
    await sandbox.stop()


@pytest.fixture
async def paying_face(
    settings: Settings, whole_schema: Schema, core_schema: Schema, schema_sandbox: Sandbox
) -> AsyncIterator[Face]:
    """With a payment provider that knows of no money yet."""
    await schema_sandbox.control.reset()
    settings = msgspec.structs.replace(settings, stripe_api_base=schema_sandbox.base_url)
    async with open_runtime(settings) as runtime:
        yield Face(whole_schema, runtime, core_schema)
