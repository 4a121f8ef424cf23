"""Homes from inside."""

from random import Random

from app.dev.seed.art import nature, views
from app.dev.seed.art.canvas import Canvas, darker, lighter
from app.dev.seed.art.palettes import Palette

FLOOR = 590


def living(c: Canvas, random: Random, palette: Palette) -> None:
    """A living room with a window on the city."""
    _room(c, random, palette)
    _window(c, random, palette, 90, 110, 380, 330)
    fabric, other = random.sample(palette.fabrics, 2)
    if palette.style == "kyoto":
        _tatami_living(c, random, palette, fabric)
        return
    _frames(c, random, palette, 640, 130)
    c.ellipse(640, 716, 470, 62, lighter(other, 0.5))
    c.ellipse(640, 714, 420, 50, lighter(other, 0.66))
    _sofa(c, random, palette, 530, 396, fabric)
    _lamp(c, 1090, 300)
    c.ellipse(560, 700, 150, 26, c.down(lighter(palette.timber, 0.35), palette.timber))
    for x in (470, 650):
        c.rect(x - 6, 706, 12, 60, darker(palette.timber, 0.25))
    c.rect(520, 672, 60, 20, "#fffaf0", rx=4)
    c.rect(526, 664, 52, 10, palette.fabrics[2], rx=2)
    nature.plant(c, random, 620, 690, 46, palette)
    nature.pot(c, random, 70, 690, 210, palette)


def _tatami_living(c: Canvas, random: Random, palette: Palette, fabric: str) -> None:
    _tatami(c)
    wood = darker(palette.timber, 0.25)
    c.rect(820, 120, 260, 470, lighter(palette.walls[1], 0.05))
    c.rect(808, 110, 284, 14, wood)
    c.rect(808, 110, 14, 482, wood)
    c.rect(1078, 110, 14, 482, wood)
    c.rect(820, 560, 260, 30, palette.timber)
    c.rect(905, 170, 90, 260, "#fbf6ea")
    c.stroke("M930 220q30 30 -4 70q40 20 16 80M960 210q-20 60 14 110", "#2c2a30", 7, opacity=0.8)
    c.rect(896, 162, 108, 10, wood, rx=4)
    c.rect(896, 428, 108, 10, wood, rx=4)
    nature.pot(c, random, 1030, 562, 90, palette)
    for x in (420, 780):
        c.ellipse(x, 716, 84, 24, darker(fabric, 0.1))
        c.ellipse(x, 708, 84, 24, fabric)
    c.rect(440, 640, 330, 28, c.down(lighter(palette.timber, 0.25), palette.timber), rx=6)
    for x in (470, 726):
        c.rect(x, 666, 14, 54, wood)
    c.ellipse(560, 634, 24, 10, "#4a5a52")
    c.rect(540, 606, 40, 28, "#5a6f62", rx=12)
    c.rect(636, 616, 24, 22, "#f6efe2", rx=5)
    c.rect(680, 616, 24, 22, "#f6efe2", rx=5)
    c.glow(605, 90, 240, "#ffe6b0", strength=0.6)
    c.line((605, 0), (605, 60), "#3a3a3c", 3)
    c.ellipse(605, 96, 74, 46, "#fff6e0")


def bedroom(c: Canvas, random: Random, palette: Palette) -> None:
    """A bedroom, made up for guests."""
    _room(c, random, palette)
    fabric = random.choice(palette.fabrics)
    _window(c, random, palette, 830, 110, 290, 350)
    if palette.style == "kyoto":
        _tatami(c)
        _futon(c, 190, fabric)
        _futon(c, 560, fabric)
        _andon(c, 110, 590)
        return
    timber = palette.timber
    c.rect(190, 330, 520, 260, c.down(lighter(timber, 0.2), timber), rx=18)
    for x in range(214, 700, 44):
        c.rect(x, 350, 4, 220, "#000000", opacity=0.1)
    c.rect(160, 560, 580, 150, darker(timber, 0.2), rx=12)
    c.rect(170, 500, 560, 120, "#fdfaf4", rx=26)
    for x in (215, 465):
        c.rect(x, 446, 220, 92, c.down("#ffffff", "#e6e2da"), rx=30)
    c.rect(330, 480, 240, 70, c.down(lighter(fabric, 0.25), fabric), rx=26)
    c.path(
        "M160 590Q300 560 450 580T740 584V706Q450 730 160 706Z",
        c.down(lighter(fabric, 0.35), lighter(fabric, 0.05)),
    )
    c.path("M160 590Q300 560 450 580T740 584V612Q450 590 160 622Z", lighter(fabric, 0.6))
    for x in (200, 680):
        c.rect(x, 706, 18, 44, darker(timber, 0.35))
    for x in (96, 804):
        c.rect(x - 56, 574, 112, 22, lighter(timber, 0.2), rx=5)
        c.rect(x - 48, 596, 96, 110, c.down(timber, darker(timber, 0.15)), rx=4)
        c.circle(x, 646, 5, "#f3cf6a")
        _table_lamp(c, x, 574)
    _frames(c, random, palette, 330, 110)
    c.ellipse(470, 760, 420, 34, lighter(palette.fabrics[2], 0.55))


def _futon(c: Canvas, x: float, fabric: str) -> None:
    c.rect(x, 520, 300, 226, "#000000", rx=20, opacity=0.1)
    c.rect(x, 508, 300, 226, "#fdfaf4", rx=20)
    c.rect(x + 70, 490, 160, 66, c.down("#ffffff", "#e2ddd2"), rx=24)
    c.path(
        f"M{x:.0f} 590Q{x + 150:.0f} 570 {x + 300:.0f} 590V716Q{x + 290:.0f} 738 {x + 270:.0f} 738"
        f"H{x + 30:.0f}Q{x + 8:.0f} 738 {x:.0f} 716Z",
        c.down(lighter(fabric, 0.3), fabric),
    )
    for row in range(3):
        for column in range(6):
            c.circle(x + 36 + column * 46, 628 + row * 38, 5, lighter(fabric, 0.55))


def _andon(c: Canvas, x: float, y: float) -> None:
    """A paper lamp on the floor."""
    c.glow(x, y + 20, 170, "#ffdf9a", strength=0.75)
    c.rect(x - 36, y - 40, 72, 120, c.down("#fff8e0", "#f6cf8a"), rx=4)
    c.stroke(
        f"M{x - 36:.0f} {y - 40:.0f}v132M{x + 36:.0f} {y - 40:.0f}v132"
        f"M{x - 36:.0f} {y:.0f}h72M{x - 36:.0f} {y + 40:.0f}h72",
        "#4a3428",
        5,
    )


def kitchen(c: Canvas, random: Random, palette: Palette) -> None:
    """A kitchen with open shelves."""
    _room(c, random, palette)
    accent, fabric = random.sample(palette.fabrics, 2)
    tile = c.pattern(
        44,
        44,
        f'<rect width="44" height="44" fill="{lighter(accent, 0.82)}"/>'
        f'<path d="M22 4L40 22L22 40L4 22Z" fill="none" stroke="{accent}" stroke-opacity=".45"'
        f' stroke-width="3"/><circle cx="22" cy="22" r="6" fill="{accent}" fill-opacity=".4"/>'
        '<path d="M0 0H44V44" fill="none" stroke="#fff" stroke-width="3"/>',
    )
    c.rect(0, 318, c.width, 132, tile)
    _window(c, random, palette, 456, 92, 300, 214)
    timber = palette.timber
    for x in (70, 830):
        for y in (160, 264):
            c.rect(x, y, 300, 14, c.down(lighter(timber, 0.3), timber), rx=3)
            _crockery(c, random, palette, x + 20, y)
    counter, front = lighter(timber, 0.35), random.choice(palette.trims)
    c.rect(0, 446, c.width, 26, c.down(lighter(counter, 0.3), counter))
    c.rect(0, 472, c.width, 176, c.down(lighter(front, 0.12), darker(front, 0.1)))
    for x in range(20, c.width, 196):
        c.rect(x, 490, 176, 142, "#ffffff", rx=4, opacity=0.1)
        c.rect(x + 68, 508, 40, 7, "#f3cf6a", rx=3)
    c.rect(0, 648, c.width, 14, darker(front, 0.45))
    c.rect(516, 430, 180, 20, "#c9d2d6", rx=4)
    c.stroke("M606 432v-44q0 -28 28 -28q24 0 24 26", "#aab4ba", 9)
    c.rect(858, 424, 190, 24, "#2e3338", rx=4)
    c.rect(890, 376, 78, 50, fabric, rx=8)
    c.rect(884, 366, 90, 13, darker(fabric, 0.2), rx=6)
    c.path("M150 430Q160 450 220 450T290 430Z", "#f6efe2")
    for x, colour in ((185, "#f5a623"), (215, "#e0523a"), (245, "#f7d648"), (225, "#8fb84a")):
        c.circle(x, 422, 19, colour)
    nature.plant(c, random, 372, 446, 74, palette)
    for x in (300, 600, 900):
        c.line((x, 0), (x, 44), "#3a3a3c", 3)
        c.path(f"M{x - 44} 84Q{x} 6 {x + 44} 84Z", darker(accent, 0.1))
        c.glow(x, 92, 90, "#fff0c4", strength=0.55)


def _crockery(c: Canvas, random: Random, palette: Palette, x: float, shelf: float) -> None:
    for _ in range(6):
        colour = lighter(random.choice((*palette.fabrics, "#f6efe2", "#f6efe2")), 0.25)
        if random.random() < 0.45:
            c.rect(x, shelf - 46, 34, 46, colour, rx=7)
        elif random.random() < 0.5:
            c.path(f"M{x:.0f} {shelf - 26:.0f}h40q-4 26 -20 26t-20 -26Z", colour)
        else:
            c.circle(x + 20, shelf - 25, 25, colour)
            c.circle(x + 20, shelf - 25, 15, lighter(colour, 0.35))
        x += 45


def bathroom(c: Canvas, random: Random, palette: Palette) -> None:
    """A bathroom with a tub under the window."""
    accent = random.choice(palette.fabrics)
    wall = lighter(accent, 0.8)
    c.rect(0, 0, c.width, FLOOR, wall)
    tile = c.pattern(
        60,
        60,
        '<path d="M0 0H60V60" fill="none" stroke="#fff" stroke-width="4"/>'
        f'<rect x="8" y="8" width="44" height="44" fill="{accent}" fill-opacity=".07"/>',
    )
    c.rect(0, 0, c.width, FLOOR, tile)
    floor = c.pattern(
        64,
        64,
        '<rect width="64" height="64" fill="#f1ece2"/>'
        f'<path d="M32 18L46 32L32 46L18 32Z" fill="{darker(accent, 0.1)}" fill-opacity=".55"/>',
    )
    c.rect(0, FLOOR, c.width, 210, floor)
    c.rect(0, FLOOR, c.width, 12, "#000000", opacity=0.1)
    _window(c, random, palette, 330, 90, 380, 260)
    tub = palette.timber if palette.style == "kyoto" else "#fbfaf6"
    c.ellipse(520, 716, 360, 22, "#000000", opacity=0.14)
    c.path(
        "M160 470H880Q872 660 780 700H260Q168 660 160 470Z",
        c.down(lighter(tub, 0.2), darker(tub, 0.1)),
    )
    c.rect(140, 452, 760, 28, lighter(tub, 0.3), rx=14)
    c.ellipse(520, 462, 350, 9, "#9fd8dc", opacity=0.85)
    for x in (280, 740):
        c.rect(x, 696, 30, 26, "#d9b36a", rx=6)
    c.stroke("M820 452v-70q0 -30 -40 -30", "#c8a45a", 11)
    c.rect(960, 430, 200, 22, lighter(palette.timber, 0.3), rx=5)
    c.rect(980, 452, 160, 150, c.down(palette.timber, darker(palette.timber, 0.15)), rx=4)
    c.path("M990 430q70 -54 140 0Z", "#fdfcf8")
    c.ellipse(1060, 240, 84, 112, darker(palette.timber, 0.1))
    c.ellipse(1060, 240, 74, 102, c.across("#e9f3f5", "#bfd3d8"))
    c.rect(60, 300, 10, 300, palette.timber)
    for y, colour in ((320, accent), (400, "#fdfaf4")):
        c.rect(30, y, 74, 74, lighter(colour, 0.15), rx=6)
    nature.pot(c, random, 90, 740, 150, palette)
    for x in (560, 610):
        c.glow(x, 430, 40, "#ffd98a", strength=0.8)
        c.rect(x - 9, 432, 18, 22, "#fffaf0", rx=4)


def _room(c: Canvas, random: Random, palette: Palette) -> None:
    wall = random.choice(palette.indoors)
    c.rect(0, 0, c.width, FLOOR, c.across(lighter(wall, 0.3), wall, darker(wall, 0.05)))
    wood = lighter(palette.timber, random.uniform(0.2, 0.45))
    c.rect(0, FLOOR, c.width, 210, c.down(wood, darker(wood, 0.12)))
    for x in range(-900, 2100, 120):
        c.line((600 + (x - 600) * 0.62, FLOOR), (x, 800), "#000000", 2, opacity=0.12)
    c.rect(0, FLOOR - 20, c.width, 20, lighter(wall, 0.5))
    c.rect(0, FLOOR, c.width, 10, "#000000", opacity=0.08)


def _tatami(c: Canvas) -> None:
    c.rect(0, FLOOR, c.width, 210, c.down("#d9cf9c", "#c3b878"))
    for x in (-300, 120, 540, 960, 1380):
        c.line((600 + (x - 600) * 0.7, FLOOR), (x, 800), "#3f5a44", 9, opacity=0.75)
    c.line((0, 676), (1200, 676), "#3f5a44", 7, opacity=0.75)


def _window(
    c: Canvas, random: Random, palette: Palette, x: float, y: float, width: float, height: float
) -> None:
    """A window: the city's panorama made small, a frame, curtains or paper screens."""
    outside = Canvas(1200, 800)
    views.panorama(outside, random, palette, 640)
    inner = outside.svg().strip()
    # Ids are the outer drawing's too, so they get a name of their own.
    mark = f"w{random.randint(100, 999)}"
    inner = inner.replace('id="', f'id="{mark}').replace("url(#", f"url(#{mark}")
    frame = darker(palette.timber, 0.1) if palette.style == "kyoto" else "#fffdf8"
    c.rect(x - 14, y - 14, width + 28, height + 28, frame, rx=3)
    c.add(
        f'<svg x="{x:.0f}" y="{y:.0f}" width="{width:.0f}" height="{height:.0f}"'
        ' viewBox="60 90 1080 640" preserveAspectRatio="xMidYMid slice"' + inner[inner.index(">") :]
    )
    c.rect(x + width / 2 - 5, y, 10, height, frame)
    c.rect(x, y + height * 0.42, width, 7, frame)
    if palette.style == "kyoto":
        _shoji(c, x - 14, y - 14, width * 0.3, height + 28, frame)
        return
    c.rect(x - 26, y + height + 10, width + 52, 16, lighter(frame, 0.2), rx=3)
    c.rect(x - 70, y - 36, width + 140, 9, darker(palette.timber, 0.2), rx=4)
    cloth = lighter(random.choice(palette.fabrics), 0.72)
    for left in (x - 62, x + width - 16):
        c.path(
            f"M{left:.0f} {y - 30:.0f}h78q-14 {height * 0.6:.0f} 0 {height + 100:.0f}h-78"
            f"q14 {-height * 0.5:.0f} 0 {-height - 100:.0f}Z",
            cloth,
            opacity=0.92,
        )
        for fold in (18, 38, 58):
            c.line(
                (left + fold, y - 28), (left + fold, y + height + 66), "#000000", 2, opacity=0.07
            )
    c.polygon(
        [(x, FLOOR), (x + width, FLOOR), (x + width + 190, 800), (x + 130, 800)],
        "#fff6d8",
        opacity=0.2,
    )


def _shoji(c: Canvas, x: float, y: float, width: float, height: float, frame: str) -> None:
    c.rect(x, y, width, height, "#fbf7ea", opacity=0.96)
    bars = "".join(f"M{x + width * step / 3:.0f} {y:.0f}v{height:.0f}" for step in range(4))
    bars += "".join(f"M{x:.0f} {y + height * step / 5:.0f}h{width:.0f}" for step in range(6))
    c.stroke(bars, frame, 5)


def _frames(c: Canvas, random: Random, palette: Palette, x: float, y: float) -> None:
    """Pictures on the wall."""
    for left, top, width, height in ((0, 0, 130, 170), (150, 30, 110, 110), (280, 0, 90, 130)):
        colour, other = random.sample(palette.fabrics, 2)
        c.rect(x + left + 5, y + top + 7, width, height, "#000000", opacity=0.1)
        c.rect(x + left, y + top, width, height, darker(palette.timber, 0.15))
        c.rect(x + left + 7, y + top + 7, width - 14, height - 14, "#fdf8ec")
        c.circle(x + left + width / 2, y + top + height * 0.42, width * 0.22, colour)
        c.path(
            f"M{x + left + 16:.0f} {y + top + height - 16:.0f}"
            f"q{width * 0.3:.0f} {-height * 0.4:.0f}"
            f" {width - 32:.0f} 0Z",
            other,
        )


def _sofa(c: Canvas, random: Random, palette: Palette, x: float, y: float, fabric: str) -> None:
    c.ellipse(x + 240, y + 272, 290, 20, "#000000", opacity=0.16)
    c.rect(x, y, 480, 190, c.down(lighter(fabric, 0.14), fabric), rx=34)
    for left in (28, 248):
        c.rect(x + left, y + 22, 206, 130, lighter(fabric, 0.08), rx=26)
        c.rect(x + left, y + 122, 206, 84, c.down(lighter(fabric, 0.22), fabric), rx=22)
    for left in (-34, 440):
        c.rect(
            x + left, y + 84, 76, 160, c.across(lighter(fabric, 0.1), darker(fabric, 0.12)), rx=30
        )
    c.rect(x - 10, y + 200, 500, 46, darker(fabric, 0.12), rx=16)
    for left in (20, 446):
        c.rect(x + left, y + 244, 14, 30, darker(palette.timber, 0.2))
    first, second = random.sample(palette.fabrics, 2)
    c.add(
        f'<g transform="rotate(-12 {x + 90:.0f} {y + 90:.0f})">'
        f'<rect x="{x + 46:.0f}" y="{y + 52:.0f}" width="92" height="88" rx="20"'
        f' fill="{lighter(first, 0.35)}"/></g>'
        f'<g transform="rotate(10 {x + 384:.0f} {y + 90:.0f})">'
        f'<rect x="{x + 340:.0f}" y="{y + 52:.0f}" width="92" height="88" rx="20"'
        f' fill="{lighter(second, 0.15)}"/></g>'
    )


def _lamp(c: Canvas, x: float, y: float) -> None:
    c.glow(x, y + 20, 250, "#ffe2a0", strength=0.6)
    c.line((x, y + 40), (x, 690), "#3a3a3c", 7)
    c.ellipse(x, 694, 54, 11, "#3a3a3c")
    c.path(
        f"M{x - 46:.0f} {y - 34:.0f}H{x + 46:.0f}L{x + 74:.0f} {y + 56:.0f}H{x - 74:.0f}Z",
        c.down("#fff3d0", "#f6d596"),
    )


def _table_lamp(c: Canvas, x: float, y: float) -> None:
    c.glow(x, y - 90, 130, "#ffe2a0", strength=0.65)
    c.rect(x - 5, y - 66, 10, 60, "#b9975a")
    c.ellipse(x, y - 4, 26, 7, "#b9975a")
    c.path(f"M{x - 26:.0f} {y - 128:.0f}h52l18 66h-88Z", c.down("#fff6dc", "#f6d596"))
