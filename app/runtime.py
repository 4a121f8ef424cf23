"""What one process holds open: the database, Redis, live updates, payment providers."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

import msgspec
from redis.asyncio import Redis

from app import pubsub
from app.config import Settings
from app.currencies.queries import CurrentRates
from app.identity.oidc.providers import Providers, load_providers
from app.limits import Limiter
from app.payments import choice
from app.payments.paystack import PaystackProvider
from app.payments.provider import Provider
from app.payments.stripe import StripeProvider
from app.pubsub import LiveUpdates
from app.search.cache import SearchCache
from app.storage import Storage
from app.storage.opening import open_storage
from db.enums import PaymentProvider
from db.session import Database


class Runtime(msgspec.Struct, frozen=True, kw_only=True):
    """The open neighbours of one process, passed to every resolver, handler and task."""

    settings: Settings
    db: Database
    redis: Redis
    live: LiveUpdates
    limiter: Limiter
    providers: Mapping[PaymentProvider, Provider]
    # Whom people sign in through.
    oidc: Providers
    rates: CurrentRates
    # Where searches read.
    searches: SearchCache
    # Where pictures are kept.
    storage: Storage


MAKERS: Mapping[PaymentProvider, Callable[[Settings], Provider]] = {
    PaymentProvider.STRIPE: StripeProvider,
    PaymentProvider.PAYSTACK: PaystackProvider,
}


def open_providers(settings: Settings) -> Mapping[PaymentProvider, Provider]:
    """The payment providers whose keys we have. Nothing is connected yet."""
    return {name: MAKERS[name](settings) for name in choice.configured(settings)}


@asynccontextmanager
async def open_runtime(settings: Settings) -> AsyncIterator[Runtime]:
    """Open everything lazily (nothing is connected before it is used) and close it at the end."""
    db = Database(
        settings.database_url,
        pool_size=settings.database_pool_size,
        statement_timeout_ms=settings.database_statement_timeout_ms,
    )
    redis = Redis.from_url(
        settings.redis_url, socket_timeout=None, socket_connect_timeout=2, health_check_interval=15
    )
    live = LiveUpdates(redis)
    limiter = Limiter(settings.redis_url)
    searches = SearchCache(
        db, settings.redis_url, settings.database_url, settings.search_cache_seconds
    )
    db.session_info[pubsub.SESSION_KEY] = live
    providers = open_providers(settings)
    oidc = load_providers(settings)
    storage = open_storage(settings)
    try:
        yield Runtime(
            settings=settings,
            db=db,
            redis=redis,
            live=live,
            limiter=limiter,
            providers=providers,
            oidc=oidc,
            rates=CurrentRates(db),
            searches=searches,
            storage=storage,
        )
    finally:
        await live.close()
        await limiter.close()
        await searches.close()
        for payments in providers.values():
            await payments.close()
        for provider in oidc.values():
            await provider.close()
        await redis.aclose()
        await db.close()
