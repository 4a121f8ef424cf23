"""Loading by key in batches, with as little work per key as asyncio allows."""

import asyncio
from asyncio import Future
from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Loader(Generic[K, V]):
    """What is asked for in one turn of the event loop is loaded together; each key once.

    `load_all` returns a value for each key, in their order; an exception among them is raised to
    those who wait for its key. A loader remembers what it has loaded, so it lives no longer than
    a request. Like Strawberry's DataLoader, without the objects and callbacks that this makes
    for every key.
    """

    def __init__(
        self,
        load_all: Callable[[list[K]], Awaitable[Sequence[V | BaseException]]],
        max_batch_size: int = 1_000,
    ) -> None:
        self._load_all = load_all
        self._size = max_batch_size
        self._known: dict[K, Future[V]] = {}
        self._open: dict[K, Future[V]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def load(self, key: K) -> "Future[V]":
        """The value of `key`, when its batch is loaded."""
        future = self._known.get(key)
        if future is not None and not future.cancelled():
            return future
        loop = asyncio.get_running_loop()
        future = self._known[key] = loop.create_future()
        if not self._open:
            loop.call_soon(self._begin, self._open)
        self._open[key] = future
        if len(self._open) >= self._size:
            self._open = {}
        return future

    def load_many(self, keys: Iterable[K]) -> "Future[list[V]]":
        """The values of all `keys`, in their order."""
        return asyncio.gather(*map(self.load, keys))

    def _begin(self, batch: "dict[K, Future[V]]") -> None:
        if batch is self._open:
            self._open = {}
        task = asyncio.ensure_future(self._load(batch))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

        def abandoned(_: "Future[V]") -> None:
            # A request that ends early cancels all that it waits for: then nobody wants the rest.
            if all(future.cancelled() for future in batch.values()):
                task.cancel()

        next(iter(batch.values())).add_done_callback(abandoned)

    async def _load(self, batch: "dict[K, Future[V]]") -> None:
        try:
            values = list(await self._load_all(list(batch)))
            if len(values) != len(batch):
                raise ValueError(f"{len(values)} values for {len(batch)} keys")
        except Exception as error:
            values = [error] * len(batch)
        for future, value in zip(batch.values(), values, strict=True):
            if future.done():
                continue
            if isinstance(value, BaseException):
                future.set_exception(value)
            else:
                future.set_result(value)
