"""Photos in several sizes: upright, no larger than they were, with nothing in them but pixels."""

import asyncio
from io import BytesIO

import blurhash
import pytest
from PIL import Image

from app.pictures.room import Fault, NotAPicture
from app.pictures.views import Views, views
from tests.pictures.test_squares import BLUE, RED, SECRET, bomb, near, picture

SIDES = (480, 1080, 1920)


async def made(raw: bytes) -> Views:
    async def read() -> bytes:
        return raw

    return await views(read, SIDES)


def opened(raw: bytes) -> Image.Image:
    image = Image.open(BytesIO(raw))
    assert (image.format, image.mode) == ("WEBP", "RGB")
    return image


@pytest.mark.parametrize(
    ("size", "sizes"),
    [
        ((4_000, 3_000), [(480, 360), (1080, 810), (1920, 1440)]),
        ((600, 900), [(320, 480), (600, 900), (600, 900)]),
        ((480, 480), [(480, 480), (480, 480), (480, 480)]),
    ],
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
async def test_sizes(kind: str, size: tuple[int, int], sizes: list[tuple[int, int]]) -> None:
    done = await made(picture(kind, size))
    images = [opened(each) for each in done.contents]
    assert [image.size for image in images] == sizes
    assert (done.facts.width, done.facts.height) == sizes[-1]
    for image in images:
        left, right = image.getpixel((5, 9)), image.getpixel((image.width - 5, 9))
        assert near(left, RED)
        assert near(right, BLUE)


async def test_what_the_file_tells_besides_is_gone() -> None:
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()
    exif[0x0112] = 6
    raw = picture(size=(1_000, 600), exif=exif, comment=SECRET) + b"<script>" + SECRET
    done = await made(raw)
    # Turned as the camera was held: on its side.
    assert (done.facts.width, done.facts.height) == (600, 1_000)
    for content in done.contents:
        assert SECRET not in content
        assert b"<script>" not in content
        image = opened(content)
        assert not image.getexif()
        assert {"exif", "xmp", "icc_profile"}.isdisjoint(image.info)
        assert near(image.getpixel((9, 9)), RED)


async def test_the_placeholder_looks_like_it() -> None:
    done = await made(picture(size=(900, 600)))
    assert blurhash.components(done.facts.placeholder) == (4, 3)
    row = blurhash.decode(done.facts.placeholder, 8, 4)[2]
    assert row[0][0] > row[0][2] + 100
    assert row[7][2] > row[7][0] + 100
    tall = await made(picture(size=(600, 900)))
    assert blurhash.components(tall.facts.placeholder) == (3, 4)


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        (b"", Fault.UNREADABLE),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", Fault.UNREADABLE),
        (b"<!doctype html><script>alert(1)</script>", Fault.UNREADABLE),
        (b"GIF89a<script>", Fault.UNREADABLE),
        (picture(size=(900, 600))[:2_000], Fault.UNREADABLE),
        (bomb(10_000, 10_000), Fault.TOO_MANY_PIXELS),
        (picture(size=(9_000, 479)), Fault.TOO_SMALL),
    ],
    ids=["empty", "svg", "html", "gif", "truncated", "bomb", "small"],
)
async def test_what_is_no_photo(raw: bytes, fault: Fault) -> None:
    with pytest.raises(NotAPicture) as refused:
        await made(raw)
    assert refused.value.fault is fault


async def test_each_waits_for_its_turn_before_it_is_read() -> None:
    reading = most = 0

    async def read() -> bytes:
        nonlocal reading, most
        reading += 1
        most = max(most, reading)
        await asyncio.sleep(0.01)
        reading -= 1
        return b""

    done = await asyncio.gather(*(views(read, SIDES) for _ in range(5)), return_exceptions=True)
    assert [type(each) for each in done] == [NotAPicture] * 5
    assert most == 2
