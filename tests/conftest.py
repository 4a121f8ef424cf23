"""Real servers for the tests: PostgreSQL, Redis and mail, each test with a clean slate.

PostgreSQL and Redis are the embedded ones unless DATABASE_URL / REDIS_URL name servers (the
database role needs CREATEDB). Nothing of those servers is touched but what this run made.
"""

import gc
import os
import secrets
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import httpcore2
import hypothesis
import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from app import redis
from app.config import Environment, Settings
from app.dev.embedded import start_postgres, start_redis
from app.identity import passwords
from db.session import Database
from tests.support import redis as test_redis
from tests.support.alone import machine
from tests.support.folders import folder_open_to_all
from tests.support.keys import signing_key
from tests.support.mailbox import Mailbox
from tests.support.postgres import Databases
from tests.support.processes import Stack

# The same examples in every run, so that it is the change that makes a test fail, and again when it
# is repeated. RANDOM_EXAMPLES=1 looks for new ones.
hypothesis.settings.register_profile("same", derandomize=True)
if not os.environ.get("RANDOM_EXAMPLES"):
    hypothesis.settings.load_profile("same")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """As they are written, a test's cases by their names: processes that share the tests must agree
    on the order, which that of a set's members is not.
    """
    items.sort(key=lambda item: (item.path, item.location[1] or 0, item.nodeid))


def pytest_collection_finish() -> None:
    """As the API does (app.http.server): what there is now stays, so nobody looks through it for
    garbage again and again. That took a quarter of the tests' time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, *gc.get_threshold()[1:])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, bool | None, bool | None]:
    """A test that is marked `alone` runs while no other process of the run has one under way."""
    cache: pytest.Cache | None = item.config.cache
    assert cache is not None, "tests that want to be alone meet in pytest's cache"
    with machine(cache.mkdir("machine"), alone=item.get_closest_marker("alone") is not None):
        return (yield)


@dataclass(frozen=True, slots=True)
class Servers:
    """Where PostgreSQL and Redis are; the log of an external PostgreSQL is not ours to read."""

    database_url: str
    redis_url: str
    postgres_log: Path | None


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Like `tmp_path`, for tests that start a PostgreSQL of their own."""
    with folder_open_to_all() as folder:
        yield folder


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """PostgreSQL and Redis, for the whole run."""
    database_url = os.environ.get("DATABASE_URL")
    redis_url = os.environ.get("REDIS_URL")
    log = None
    with ExitStack() as stack:
        folder = stack.enter_context(folder_open_to_all())
        if not database_url:
            log = folder / "postgresql.log"
            postgres = start_postgres(folder / "postgresql", log, throw_away=True)
            stack.callback(postgres.stop)
            database_url = postgres.url
        if not redis_url:
            redis = start_redis(folder / "redis", folder / "redis.log", throw_away=True)
            stack.callback(redis.stop)
            redis_url = redis.url
        yield Servers(database_url, redis_url, log)


@pytest.fixture(scope="session")
async def databases(servers: Servers) -> AsyncIterator[Databases]:
    """The migrated template and its clones."""
    databases = Databases(servers.database_url, servers.postgres_log)
    await databases.make_template()
    yield databases
    await databases.drop_all()


@pytest.fixture
async def database_url(databases: Databases) -> AsyncIterator[str]:
    """A migrated, empty database of this test's own."""
    url = await databases.clone()
    yield url
    await databases.drop(url)


@pytest.fixture(scope="session")
async def _redis_claim(servers: Servers) -> AsyncIterator[tuple[str, str]]:
    token = secrets.token_hex(8)
    url = await test_redis.claim(servers.redis_url, token)
    yield url, token
    await test_redis.wipe(url)


@pytest.fixture
async def redis_url(_redis_claim: tuple[str, str]) -> str:
    """A Redis database that holds nothing but a marker of this run."""
    url, token = _redis_claim
    await test_redis.empty(url, token)
    return url


@pytest.fixture(scope="session", autouse=True)
def _real_hasher() -> Iterator[PasswordHash]:
    """Passwords are hashed for next to nothing in this process, not in those it starts."""
    real = passwords._hasher
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            passwords,
            "_hasher",
            PasswordHash([Argon2Hasher(time_cost=1, memory_cost=64, parallelism=1)]),
        )
        yield real


@pytest.fixture(scope="session", autouse=True)
def _certificates_read_once() -> Iterator[None]:
    """Every new HTTP client would read the list of authorities again, which takes some 20 ms."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(httpcore2, "default_ssl_context", cache(httpcore2.default_ssl_context))
        yield


@pytest.fixture(scope="session", autouse=True)
def _patient_with_redis() -> Iterator[None]:
    """Redis is not given up for a pause of this process, which collects more garbage than any."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(redis, "SECONDS", 5.0)
        yield


@pytest.fixture
def real_hashes(_real_hasher: PasswordHash, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Passwords are hashed as everywhere else, in some 20 ms: for tests of the hashes."""
    passwords._dummy.cache_clear()
    monkeypatch.setattr(passwords, "_hasher", _real_hasher)
    yield
    passwords._dummy.cache_clear()


@pytest.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    """A mail server in this process; `settings.smtp_url` does not point to it by itself."""
    mailbox = Mailbox()
    await mailbox.start()
    yield mailbox
    await mailbox.stop()


@pytest.fixture
def settings(database_url: str, redis_url: str, tmp_path: Path) -> Settings:
    """Settings of a test: this test's database and Redis; mail and payments lead nowhere.

    Use `msgspec.structs.replace(settings, smtp_url=mailbox.smtp_url)` for others.
    """
    return Settings(
        roost_env=Environment.TEST,
        database_url=database_url,
        redis_url=redis_url,
        media_dir=tmp_path / "media",
        fetch_private_networks=True,
        smtp_url="smtp://127.0.0.1:9",
        stripe_secret_key="sk_test_roost",
        stripe_publishable_key="pk_test_roost",
        stripe_webhook_secrets=("whsec_test",),
        stripe_api_base="http://127.0.0.1:9",
        auth_signing_keys=(signing_key(),),
        database_pool_size=8,
        worker_concurrency=4,
        sweep_seconds=1.0,
        log_level="WARNING",
    )


@pytest.fixture
async def db(settings: Settings) -> AsyncIterator[Database]:
    """A pool of connections to this test's database."""
    database = Database(settings.database_url, pool_size=settings.database_pool_size)
    yield database
    await database.close()


@pytest.fixture
def stack(settings: Settings, tmp_path: Path) -> Iterator[Stack]:
    """The real processes on this test's database and Redis, none of them started yet."""
    stack = Stack(settings, tmp_path)
    yield stack
    stack.stop()
