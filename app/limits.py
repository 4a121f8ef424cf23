"""How often something may be done: counted in Redis by all processes together.

Each limit is a bucket (GCRA): `amount` at once, refilled evenly over `seconds`. An operation takes
from all its buckets or from none, in one script, so that nobody gets more by asking two processes
at once. Without Redis each process counts for itself, from what it has let through until then:
sign-in goes on, guessing stays slow, and a Redis that falters gives nobody a fresh budget.
"""

import hashlib
import math
import time
from collections import OrderedDict
from collections.abc import Sequence
from ipaddress import IPv6Address, ip_address

import msgspec

from app.errors import RateLimited
from app.redis import Away, BriefRedis

PREFIX = "roost:{limits}:"
# Buckets that one process remembers without Redis; the longest unused are forgotten.
REMEMBERED = 100_000

# A bucket is the instant (ms) at which it will be full again. KEYS: the buckets. ARGV: how much to
# take, then each bucket's period (ms) and interval (ms). Returns 0, or the ms to wait.
TAKE = """
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local full, wait = {}, 0
for i, key in ipairs(KEYS) do
  local before = math.max(tonumber(redis.call('GET', key) or now), now)
  full[i] = math.max(before + ARGV[1] * ARGV[2 * i + 1], now)
  wait = math.max(wait, full[i] - now - ARGV[2 * i])
end
if wait > 0.5 and tonumber(ARGV[1]) > 0 then return math.ceil(wait) end
for i, key in ipairs(KEYS) do
  redis.call('SET', key, string.format('%.3f', full[i]), 'PX', math.ceil(full[i] - now) + 1)
end
return 0
"""


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """One bucket: `amount` per `seconds` for whom `key` names."""

    key: str
    amount: int
    seconds: int

    @property
    def interval_ms(self) -> float:
        return self.seconds * 1000 / self.amount


def bucket(name: str, subject: str, amount: int, seconds: int) -> Limit:
    """A limit of one subject, whose own words appear nowhere: they are people's data."""
    digest = hashlib.sha256(subject.encode()).hexdigest()[:32]
    return Limit(key=f"{PREFIX}{name}:{digest}", amount=amount, seconds=seconds)


def network(address: str) -> str:
    """Who an address belongs to: of IPv6 everybody has at least a /64."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(IPv6Address(int(parsed) >> 64 << 64))


class Limiter:
    """Counts for one process, together with all others as long as Redis is there."""

    def __init__(self, redis_url: str) -> None:
        self._redis = BriefRedis(redis_url, "limits")
        self._script = self._redis.redis.register_script(TAKE)
        self._own: OrderedDict[str, float] = OrderedDict()

    async def take(self, limits: Sequence[Limit], cost: int = 1) -> None:
        """Take from all of the buckets. Raises RateLimited, having taken from none."""
        wait_ms = await self._run(limits, cost)
        if wait_ms > 0:
            raise RateLimited(math.ceil(wait_ms / 1000))

    async def give_back(self, limits: Sequence[Limit], cost: int = 1) -> None:
        """Undo a `take` of something that turned out not to count."""
        await self._run(limits, -cost)

    async def close(self) -> None:
        """Let go of Redis."""
        await self._redis.close()

    async def _run(self, limits: Sequence[Limit], cost: int) -> float:
        keys = [limit.key for limit in limits]
        arguments = [cost, *_arguments(limits)]
        try:
            wait_ms = float(await self._redis.ask(lambda: self._script(keys=keys, args=arguments)))
        except Away:
            return self._alone(limits, cost)
        if wait_ms <= 0:
            self._remember(limits, self._filled(limits, cost))
        return wait_ms

    def _alone(self, limits: Sequence[Limit], cost: int) -> float:
        """The script's work, in this process, from what it has itself let through."""
        now = time.monotonic() * 1000
        full = self._filled(limits, cost)
        wait = max(
            until - now - limit.seconds * 1000 for until, limit in zip(full, limits, strict=True)
        )
        if wait > 0.5 and cost > 0:
            return wait
        self._remember(limits, full)
        return 0

    def _filled(self, limits: Sequence[Limit], cost: int) -> list[float]:
        """When each bucket will be full again, once `cost` has been taken from it (ms)."""
        now = time.monotonic() * 1000
        return [
            max(max(self._own.get(limit.key, now), now) + cost * limit.interval_ms, now)
            for limit in limits
        ]

    def _remember(self, limits: Sequence[Limit], full: Sequence[float]) -> None:
        for until, limit in zip(full, limits, strict=True):
            self._own[limit.key] = until
            self._own.move_to_end(limit.key)
        while len(self._own) > REMEMBERED:
            self._own.popitem(last=False)


def _arguments(limits: Sequence[Limit]) -> list[float]:
    return [each for limit in limits for each in (limit.seconds * 1000, limit.interval_ms)]
