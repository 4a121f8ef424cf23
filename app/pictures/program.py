"""A program of its own: a picture on stdin becomes smaller ones on stdout, one for each side named.

`squares` makes JPEGs of its middle; `views` makes WebP of all of it, after some facts as JSON.

What strangers send is decoded here and nowhere else: decoders are where the bugs are. So it has
no secrets, no more memory and time than a picture needs, and ends with the picture. Only pixels
come out: no metadata, no colour profile, nothing hidden behind the last byte.

Each part is preceded by its length, four bytes. It imports nothing of ours: `app.pictures.room`
runs it by its path.
"""

import json
import os
import resource
import struct
import sys
from io import BytesIO

import blurhash
from PIL import Image, ImageCms, ImageOps

UNREADABLE, TOO_LARGE, TOO_SMALL = 10, 11, 12

# What is understood, and how many pixels there may be: a JPEG is decoded at a fraction of its
# size, the others take four bytes for each pixel.
FORMATS = {"JPEG": 64_000_000, "PNG": 24_000_000, "WEBP": 24_000_000}
MEMORY = 1_024 * 1_024 * 1_024
CPU_SECONDS = 10
QUALITY = 85
WEBP_QUALITY = 80
# What the placeholder is made of, and of how many waves along its longer and shorter side.
PLACEHOLDER_SIDE, LONGER, SHORTER = 32, 4, 3


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


def squares(image: Image.Image, sides: list[int]) -> list[bytes]:
    return [jpeg(image, side) for side in sides]


def views(image: Image.Image, sides: list[int]) -> list[bytes]:
    """The picture within squares of these sides, each made of the next larger one."""
    made: dict[int, bytes] = {}
    facts: dict[str, int | str] = {}
    for side in sorted(sides, reverse=True):
        image.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=3.0)
        image.info.clear()
        facts = facts or {"width": image.width, "height": image.height}
        target = BytesIO()
        image.save(target, "WEBP", quality=WEBP_QUALITY)
        made[side] = target.getvalue()
    facts["placeholder"] = placeholder(image)
    return [json.dumps(facts).encode(), *(made[side] for side in sides)]


def placeholder(image: Image.Image) -> str:
    """The picture as a BlurHash."""
    image.thumbnail((PLACEHOLDER_SIDE, PLACEHOLDER_SIDE), Image.Resampling.BOX)
    raw, row = image.tobytes(), image.width
    pixels = [tuple(raw[start : start + 3]) for start in range(0, len(raw), 3)]
    rows = [pixels[start : start + row] for start in range(0, len(pixels), row)]
    wide = image.width >= image.height
    across, down = (LONGER, SHORTER) if wide else (SHORTER, LONGER)
    return str(blurhash.encode(rows, components_x=across, components_y=down))


def main(what: str, sides: list[int]) -> None:
    confine()
    # Ours bounds pixels by format, and before anything is decoded.
    Image.MAX_IMAGE_PIXELS = None
    try:
        image = opened(sys.stdin.buffer.read(), sides)
        parts = {"squares": squares, "views": views}[what](image, sides)
    except Exception:
        # Whatever a decoder raises for what somebody made up.
        sys.exit(UNREADABLE)
    for part in parts:
        sys.stdout.buffer.write(struct.pack(">I", len(part)) + part)


if __name__ == "__main__":
    main(sys.argv[1], [int(side) for side in sys.argv[2:]])
