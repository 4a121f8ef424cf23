"""A program of its own: a picture on stdin becomes square JPEGs on stdout, one for each side named.

What strangers send is decoded here and nowhere else: decoders are where the bugs are. So it has
no secrets, no more memory and time than a picture needs, and ends with the picture. Only pixels
come out: no metadata, no colour profile, nothing hidden behind the last byte.

Each JPEG is preceded by its length, four bytes. It imports nothing of ours: `app.pictures.squares`
runs it by its path.
"""

import os
import resource
import struct
import sys
from io import BytesIO

from PIL import Image, ImageCms, ImageOps

UNREADABLE, TOO_LARGE, TOO_SMALL = 10, 11, 12

# What is understood, and how many pixels there may be: a JPEG is decoded at a fraction of its
# size, the others take four bytes for each pixel.
FORMATS = {"JPEG": 64_000_000, "PNG": 24_000_000, "WEBP": 24_000_000}
MEMORY = 1_024 * 1_024 * 1_024
CPU_SECONDS = 10
QUALITY = 85


def confine() -> None:
    """Give up what a picture does not need; whoever serves people comes first."""
    os.nice(10)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def opened(raw: bytes, sides: list[int]) -> Image.Image:
    """The picture upright, in sRGB, without transparency; larger ones already reduced."""
    image = Image.open(BytesIO(raw), formats=tuple(FORMATS))
    if image.width * image.height > FORMATS[str(image.format)]:
        sys.exit(TOO_LARGE)
    if min(image.size) < min(sides):
        sys.exit(TOO_SMALL)
    # JPEG only: what is left is at least twice as large as what is wanted.
    image.draft("RGB", (2 * max(sides), 2 * max(sides)))
    upright = ImageOps.exif_transpose(image)
    if upright.has_transparency_data:
        sheet = Image.new("RGBA", upright.size, "white")
        sheet.alpha_composite(upright.convert("RGBA"))
        return sheet.convert("RGB")
    return in_srgb(upright.convert("RGB"), upright)


def in_srgb(image: Image.Image, source: Image.Image) -> Image.Image:
    """The colours as they were meant, where the source says how."""
    profile = source.info.get("icc_profile")
    if source.mode != "RGB" or not profile:
        return image
    try:
        meant = ImageCms.ImageCmsProfile(BytesIO(profile))
        return (
            ImageCms.profileToProfile(image, meant, ImageCms.createProfile("sRGB"), inPlace=False)
            or image
        )
    except (ImageCms.PyCMSError, OSError):
        return image


def jpeg(image: Image.Image, side: int) -> bytes:
    """The middle of the picture, as a square."""
    square = ImageOps.fit(image, (side, side), Image.Resampling.LANCZOS)
    # Of what Pillow would write along, nothing.
    square.info.clear()
    target = BytesIO()
    square.save(target, "JPEG", quality=QUALITY, optimize=True, progressive=True)
    return target.getvalue()


def main(sides: list[int]) -> None:
    confine()
    # Ours bounds pixels by format, and before anything is decoded.
    Image.MAX_IMAGE_PIXELS = None
    try:
        image = opened(sys.stdin.buffer.read(), sides)
        squares = [jpeg(image, side) for side in sides]
    except Exception:
        # Whatever a decoder raises for what somebody made up.
        sys.exit(UNREADABLE)
    for square in squares:
        sys.stdout.buffer.write(struct.pack(">I", len(square)) + square)


if __name__ == "__main__":
    main([int(side) for side in sys.argv[1:]])
