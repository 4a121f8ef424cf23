"""Loading in batches: together, once each, and nothing for nobody."""

import asyncio

import pytest

from schema.engine import Loader
from schema.engine.loader import Loading

asked: list[list[int]] = []


async def squares(keys: list[int]) -> list[int | BaseException]:
    asked.append(keys)
    await asyncio.sleep(0)
    return [KeyError(key) if key < 0 else key * key for key in keys]


@pytest.fixture(autouse=True)
def _nothing_asked() -> None:
    asked.clear()


async def test_one_turn_is_one_batch_and_each_key_is_loaded_once() -> None:
    loader = Loader(squares)
    assert await asyncio.gather(*map(loader.load, (3, 4, 3))) == [9, 16, 9]
    assert await loader.load_many([4, 5]) == [16, 25]
    assert asked == [[3, 4], [5]]


async def test_batches_have_a_largest_size() -> None:
    loader = Loader(squares, max_batch_size=3)
    assert await loader.load_many(range(7)) == [0, 1, 4, 9, 16, 25, 36]
    assert asked == [[0, 1, 2], [3, 4, 5], [6]]


async def test_an_exception_is_raised_to_those_who_wait_for_its_key() -> None:
    loader = Loader(squares)
    good, bad, again = loader.load(2), loader.load(-2), loader.load(-2)
    assert await good == 4
    for load in (bad, again):
        with pytest.raises(KeyError):
            await load


@pytest.mark.parametrize("values", [[], [1, 2, 3]])
async def test_a_failed_batch_fails_for_everybody(values: list[int]) -> None:
    async def wrong(_: list[int]) -> list[int]:
        return values

    loader = Loader(wrong)
    for load in (loader.load(1), loader.load(2)):
        with pytest.raises(ValueError):
            await load


async def test_who_is_cancelled_leaves_the_batch_to_the_others() -> None:
    begun: list[list[int]] = []
    is_reading = asyncio.Event()

    async def slow(keys: list[int]) -> list[int]:
        begun.append(keys)
        is_reading.set()
        if len(begun) == 1:
            await asyncio.sleep(10)
        return keys

    async def wait_for(load: Loading[int]) -> int:
        return await load

    loader = Loader(slow)
    first, second, third = (asyncio.ensure_future(wait_for(loader.load(key))) for key in (1, 2, 2))
    await is_reading.wait()
    first.cancel()
    assert [await second, await third] == [2, 2]
    assert first.cancelled()
    # Whoever asks again is answered.
    assert await loader.load(1) == 1
    assert begun == [[1, 2], [1, 2]]


async def test_nothing_is_loaded_that_nobody_waits_for() -> None:
    loader = Loader(squares)
    loader.load(1)
    await asyncio.sleep(0.001)
    assert asked == []
    assert await loader.load(2) == 4
    assert asked == [[1, 2]]


async def test_what_is_asked_for_while_a_batch_is_read_is_read_next() -> None:
    is_reading = asyncio.Event()

    async def slowly(keys: list[int]) -> list[int | BaseException]:
        is_reading.set()
        return await squares(keys)

    loader = Loader(slowly)
    first = asyncio.ensure_future(loader.load_many([1, 2]))
    await is_reading.wait()
    assert await loader.load_many([2, 3]) == [4, 9]
    assert await first == [1, 4]
    assert asked == [[1, 2], [3]]
