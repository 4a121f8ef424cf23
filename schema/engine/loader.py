"""Loading by key in batches, with as little work per key as asyncio allows."""

import asyncio
from collections.abc import Awaitable, Callable, Generator, Hashable, Iterable, Sequence
from typing import Any, Generic, TypeAlias, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
LoadAll: TypeAlias = Callable[[list[K]], Awaitable[Sequence[V | BaseException]]]


class Loader(Generic[K, V]):
    """What is asked for in one turn of the event loop is loaded together; each key once.

    `load_all` returns a value for each key, in their order; an exception among them is raised to
    those who wait for its key. A loader remembers what it has loaded, so it lives no longer than
    a request. Like Strawberry's DataLoader, without the futures, tasks and callbacks that this
    makes: a batch is loaded by the first who waits for it, within its own task.
    """

    def __init__(
        self,
        load_all: LoadAll[K, V],
        max_batch_size: int = 1_000,
    ) -> None:
        self.load_all = load_all
        self._size = max_batch_size
        self._batches: dict[K, Batch[K, V]] = {}
        self._open: Batch[K, V] | None = None

    def load(self, key: K) -> "Loading[V]":
        """The value of `key`: to be awaited, by any number, and not read before somebody does."""
        batch = self._batches.get(key)
        if batch is None:
            batch = self._open
            if batch is None or batch.closed or len(batch.values) >= self._size:
                batch = self._open = Batch(self.load_all)
            batch.values[key] = None
            self._batches[key] = batch
        return Loading(batch, key)

    async def load_many(self, keys: Iterable[K]) -> list[V]:
        """The values of all `keys`, in their order."""
        loads = [self.load(key) for key in keys]
        return [await load for load in loads]


class Batch(Generic[K, V]):
    """Keys that are loaded together, and their values, once `done`; `closed`: nobody may join."""

    __slots__ = ("_is_loading", "_load_all", "_waiters", "closed", "done", "values")

    def __init__(self, load_all: "LoadAll[K, V]") -> None:
        # Not the loader, which knows its batches: they would keep each other from being freed.
        self._load_all = load_all
        self.closed = False
        self.done = False
        self.values: dict[K, Any] = {}
        self._is_loading = False
        self._waiters: list[asyncio.Future[None]] = []

    async def load(self) -> None:
        """Load it, or wait for whoever does; who is cancelled meanwhile leaves it to the next."""
        while not self.done:
            if self._is_loading:
                waiter = asyncio.get_running_loop().create_future()
                self._waiters.append(waiter)
                await waiter
                continue
            self._is_loading = True
            try:
                # Others may be about to ask for more.
                await asyncio.sleep(0)
                self.closed = True
                await self._load()
            finally:
                self._is_loading = False
                waiters, self._waiters = self._waiters, []
                for waiter in waiters:
                    if not waiter.done():
                        waiter.set_result(None)

    async def _load(self) -> None:
        keys = list(self.values)
        found: Sequence[Any]
        try:
            found = await self._load_all(keys)
            if len(found) != len(keys):
                raise ValueError(f"{len(found)} values for {len(keys)} keys")
        except Exception as error:
            found = [error] * len(keys)
        self.values = dict(zip(keys, found, strict=True))
        self.done = True


class Loading(Generic[V]):
    """What a key's value can be awaited from."""

    __slots__ = ("_key", "batch")

    def __init__(self, batch: Batch[Any, V], key: Any) -> None:
        self.batch = batch
        self._key = key

    def __await__(self) -> Generator[Any, None, V]:
        batch = self.batch
        if not batch.done:
            yield from batch.load().__await__()
        value = batch.values[self._key]
        if isinstance(value, BaseException):
            raise value
        found: V = value
        return found
