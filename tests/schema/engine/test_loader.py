"""Loading in batches: together, once each, and nothing for nobody."""

import asyncio

import pytest

from schema.engine import Loader

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
    for future in (bad, again):
        with pytest.raises(KeyError):
            await future


@pytest.mark.parametrize("values", [[], [1, 2, 3]])
async def test_a_failed_batch_fails_for_everybody(values: list[int]) -> None:
    async def wrong(_: list[int]) -> list[int]:
        return values

    loader = Loader(wrong)
    for future in (loader.load(1), loader.load(2)):
        with pytest.raises(ValueError):
            await future


async def test_nobody_waits_any_more() -> None:
    ended: list[str] = []

    async def slow(keys: list[int]) -> list[int]:
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise
        return keys

    loader = Loader(slow)
    futures = [loader.load(1), loader.load(2)]
    await asyncio.sleep(0.001)
    futures[0].cancel()
    await asyncio.sleep(0.001)
    assert not ended
    loader = Loader(slow)
    futures = [loader.load(1), loader.load(2)]
    await asyncio.sleep(0.001)
    for future in futures:
        future.cancel()
    await asyncio.sleep(0.001)
    assert ended == ["cancelled"]
    # Whoever asks again is answered.
    assert not loader.load(1).cancelled()
