"""A Redis database for tests that is emptied at will, and is nobody else's."""

from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from redis.asyncio import Redis

CLAIM = "roost:test:claim"


def with_number(url: str, number: int) -> str:
    """The same server, another logical database."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        query = dict(parse_qsl(parts.query)) | {"db": str(number)}
        # urlunsplit would drop the slashes of an empty host.
        return f"unix://{parts.path}?{urlencode(query)}"
    return urlunsplit(parts._replace(path=f"/{number}"))


async def claim(url: str, token: str) -> str:
    """Take an empty logical database of the server for this test run. Returns its URL.

    Databases with anything in them are left alone. Raises RuntimeError when none is empty.
    """
    for number in reversed(range(16)):
        candidate = with_number(url, number)
        async with Redis.from_url(candidate) as redis:
            if await redis.dbsize() == 0 and await redis.set(CLAIM, token, nx=True):
                if await redis.dbsize() == 1:
                    return candidate
                await redis.delete(CLAIM)
    raise RuntimeError("REDIS_URL: none of its 16 databases is empty; the tests need one")


async def empty(url: str, token: str) -> None:
    """Remove everything but our claim."""
    async with Redis.from_url(url) as redis, redis.pipeline(transaction=True) as commands:
        commands.flushdb()
        commands.set(CLAIM, token)
        await commands.execute()


async def wipe(url: str) -> None:
    """What FLUSHALL does to us, without doing it to others on the same server."""
    async with Redis.from_url(url) as redis:
        await redis.flushdb()


async def forget_limits(url: str) -> None:
    """Nobody has tried anything yet."""
    async with Redis.from_url(url) as redis:
        async for key in redis.scan_iter("roost:{limits}:*"):
            await redis.delete(key)
