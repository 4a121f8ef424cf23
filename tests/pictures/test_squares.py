"""Squares of whatever is sent: upright, small, with nothing in them but pixels."""

import struct
import zlib
from collections.abc import Callable
from io import BytesIO

import pytest
from PIL import Image, ImageCms

from app.errors import Invalid, Unavailable
from app.pictures import room
from app.pictures.squares import squares

RED, BLUE, WHITE = (250, 10, 10), (10, 10, 250), (255, 255, 255)
SECRET = b"38.7118 N 9.1272 W"


def picture(
    kind: str = "JPEG", size: tuple[int, int] = (300, 200), mode: str = "RGB", **options: object
) -> bytes:
    """Red on the left, blue on the right."""
    image = Image.new("RGB", size, RED)
    image.paste(BLUE, (size[0] // 2, 0, *size))
    target = BytesIO()
    image.convert(mode).save(target, kind, **options)
    return target.getvalue()


async def square(raw: bytes, side: int = 128) -> Image.Image:
    (made,) = await squares(raw, (side,))
    image = Image.open(BytesIO(made))
    assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (side, side))
    return image


def near(pixel: object, colour: tuple[int, int, int]) -> bool:
    assert isinstance(pixel, tuple)
    return all(abs(one - other) < 30 for one, other in zip(pixel, colour, strict=True))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("size", [(300, 200), (200, 900), (4_000, 3_000)])
async def test_what_cameras_make(kind: str, size: tuple[int, int]) -> None:
    image = await square(picture(kind, size))
    assert near(image.getpixel((5, 60)), RED)
    assert near(image.getpixel((122, 60)), BLUE)


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("PNG", "P"), ("PNG", "L"), ("PNG", "1"), ("PNG", "I;16"), ("JPEG", "L"), ("JPEG", "CMYK")],
)
async def test_any_mode_becomes_plain(kind: str, mode: str) -> None:
    raw = picture(kind) if mode == "I;16" else picture(kind, mode=mode)
    if mode == "I;16":
        target = BytesIO()
        Image.new("I;16", (200, 200), 40_000).save(target, "PNG")
        raw = target.getvalue()
    await square(raw)


async def test_sizes_come_in_the_order_asked_for() -> None:
    made = await squares(picture(size=(900, 900)), (512, 128))
    assert [Image.open(BytesIO(each)).size for each in made] == [(512, 512), (128, 128)]


async def test_what_the_file_tells_besides_is_gone() -> None:
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()
    exif[0x0112] = 3
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    raw = picture(exif=exif, comment=SECRET, icc_profile=profile) + SECRET
    assert raw.count(SECRET) == 3
    (made,) = await squares(raw, (128,))
    assert SECRET not in made
    image = Image.open(BytesIO(made))
    assert not image.getexif()
    assert {"exif", "comment", "icc_profile"}.isdisjoint(image.info)
    # Turned as the camera was held: upside down.
    assert near(image.getpixel((5, 60)), BLUE)


async def test_transparency_becomes_paper() -> None:
    target = BytesIO()
    Image.new("RGBA", (200, 200), (0, 0, 0, 0)).save(target, "PNG")
    assert near((await square(target.getvalue())).getpixel((60, 60)), WHITE)


def chunk(kind: bytes, content: bytes) -> bytes:
    body = kind + content
    return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))


def bomb(width: int, height: int) -> bytes:
    """A small PNG that says it is a huge one."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(1_000_000))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


def other(kind: str) -> bytes:
    target = BytesIO()
    Image.new("RGB", (200, 200)).save(target, kind)
    return target.getvalue()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: b"", "JPEG, PNG or WebP"),
        (lambda: b"GIF89a", "JPEG, PNG or WebP"),
        (lambda: other("GIF"), "JPEG, PNG or WebP"),
        (lambda: other("TIFF"), "JPEG, PNG or WebP"),
        (lambda: other("BMP"), "JPEG, PNG or WebP"),
        (lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>", "JPEG, PNG or WebP"),
        (lambda: b"%!PS\n(/etc/passwd) run", "JPEG, PNG or WebP"),
        (lambda: picture()[:400], "JPEG, PNG or WebP"),
        (lambda: picture("PNG")[:-60], "JPEG, PNG or WebP"),
        (lambda: picture("WEBP")[:100], "JPEG, PNG or WebP"),
        (lambda: b"\xff\xd8\xff\xe0" + b"\x00" * 100_000, "JPEG, PNG or WebP"),
        (lambda: bomb(60_000, 60_000), "too many pixels"),
        (lambda: bomb(2**31 - 1, 2**31 - 1), "too many pixels|JPEG, PNG or WebP"),
        (lambda: bomb(4_000, 4_000), "JPEG, PNG or WebP"),
        (lambda: picture(size=(127, 900)), "too small"),
    ],
)
async def test_what_is_no_picture_is_refused(make: Callable[[], bytes], words: str) -> None:
    with pytest.raises(Invalid, match=words):
        await squares(make(), (128,))


async def test_a_program_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "SECONDS", 0.01)
    with pytest.raises(Unavailable, match="too long"):
        await squares(picture(), (128,))


async def test_only_a_few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(room.AT_ONCE):
        assert room._places.acquire(blocking=False)
    try:
        with pytest.raises(Unavailable):
            await squares(picture(), (128,))
    finally:
        for _ in range(room.AT_ONCE):
            room._places.release()
    await square(picture())
