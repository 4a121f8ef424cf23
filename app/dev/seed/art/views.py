"""What one sees from the balcony, the garden and the pool."""

from random import Random

from app.dev.seed.art import nature
from app.dev.seed.art.canvas import Canvas, darker, lighter, mix
from app.dev.seed.art.palettes import Palette, sky


def view(c: Canvas, random: Random, palette: Palette) -> None:
    """The city from a balcony, two chairs in front of it."""
    c.rect(0, 560, c.width, 240, darker(palette.walls[0], 0.12))
    panorama(c, random, palette, 640)
    _balcony(c, random, palette)


def panorama(c: Canvas, random: Random, palette: Palette, bottom: float) -> None:
    """The city's own view down to `bottom`."""
    nature.sky(c, random, sky(random, palette), bottom - 150)
    draw = {"lisbon": _lisbon, "accra": _accra, "kyoto": _kyoto}[palette.style]
    draw(c, random, palette, bottom)


def _lisbon(c: Canvas, random: Random, palette: Palette, bottom: float) -> None:
    river = bottom - 235
    nature.hills(c, random, river + 4, 60, "#9fb8b0")
    nature.water(c, random, river, bottom - 120, palette.water)
    red = "#b9483a"
    for x in (250, 640):
        c.rect(x - 9, river - 150, 8, 185, red)
        c.rect(x + 11, river - 150, 8, 185, red)
        for y in range(int(river) - 150, int(river) + 20, 34):
            c.stroke(f"M{x - 6} {y}l20 30", red, 3)
    c.rect(0, river - 10, c.width, 7, red)
    c.stroke(
        f"M-60 {river - 30:.0f}Q120 {river - 10:.0f} 255 {river - 148:.0f}"
        f"Q450 {river + 120:.0f} 645 {river - 148:.0f}Q820 {river + 20:.0f} 1260 {river - 12:.0f}",
        red,
        4,
    )
    castle = c.width - 300
    nature.hills(c, random, bottom - 60, 120, mix(palette.leaf, "#d9c8a0", 0.4))
    stone = "#cdb58c"
    c.rect(castle, bottom - 262, 210, 70, stone)
    for x in range(castle, castle + 210, 22):
        c.rect(x, bottom - 274, 12, 14, stone)
    for x in (castle - 14, castle + 92, castle + 186):
        c.rect(x, bottom - 300, 44, 110, darker(stone, 0.08))
        for step in range(3):
            c.rect(x + step * 16, bottom - 312, 11, 14, darker(stone, 0.08))
    _roofs(c, random, palette, bottom)


def _roofs(c: Canvas, random: Random, palette: Palette, bottom: float) -> None:
    """Houses up a hill, the nearer the larger."""
    for row, (base, size) in enumerate(((-70, 46), (-20, 62), (60, 86))):
        x = random.uniform(-60, -10)
        while x < c.width:
            width = size * random.uniform(1.0, 1.7)
            height = size * random.uniform(1.0, 1.9)
            y = bottom + base
            wall = lighter(random.choice(palette.walls), 0.22 - 0.1 * row)
            c.rect(
                x, y - height, width, height + 90, c.across(lighter(wall, 0.12), darker(wall, 0.06))
            )
            c.polygon(
                [
                    (x - 6, y - height),
                    (x + width * 0.2, y - height - size * 0.42),
                    (x + width * 0.8, y - height - size * 0.42),
                    (x + width + 6, y - height),
                ],
                lighter(palette.roof, random.uniform(0, 0.2)),
            )
            for column in range(int(width // (size * 0.42))):
                c.rect(
                    x + size * 0.14 + column * size * 0.42,
                    y - height + size * 0.22,
                    size * 0.2,
                    size * 0.32,
                    "#fbe3a0" if random.random() < 0.25 else "#6f8798",
                    rx=1,
                )
            x += width + random.uniform(-4, 10)


def _accra(c: Canvas, random: Random, palette: Palette, bottom: float) -> None:
    horizon = bottom - 260
    nature.water(c, random, horizon, bottom - 60, palette.water)
    for _ in range(4):
        _canoe(c, random, random.uniform(60, 1080), random.uniform(horizon + 30, bottom - 130))
    sand = "#f0d9a8"
    c.path(
        f"M0 {bottom - 74:.0f}Q300 {bottom - 128:.0f} 640 {bottom - 82:.0f}T1200 {bottom - 106:.0f}"
        f"V{bottom + 170:.0f}H0Z",
        "#ffffff",
        opacity=0.75,
    )
    c.path(
        f"M0 {bottom - 62:.0f}Q300 {bottom - 116:.0f} 640 {bottom - 70:.0f}T1200 {bottom - 94:.0f}"
        f"V{bottom + 170:.0f}H0Z",
        c.down(lighter(sand, 0.3), sand),
    )
    for _ in range(3):
        x = random.choice((random.uniform(30, 330), random.uniform(860, 1170)))
        nature.palm(
            c, random, x, bottom + random.uniform(-40, 40), random.uniform(330, 460), palette.leaf
        )
    colour = random.choice(palette.fabrics)
    x = random.uniform(470, 720)
    c.line((x, bottom - 10), (x, bottom - 128), "#7a5a3a", 6)
    c.path(
        f"M{x - 96:.0f} {bottom - 112:.0f}"
        f"Q{x:.0f} {bottom - 196:.0f} {x + 96:.0f} {bottom - 112:.0f}Z",
        colour,
    )
    c.path(
        f"M{x - 34:.0f} {bottom - 112:.0f}"
        f"Q{x:.0f} {bottom - 196:.0f} {x + 34:.0f} {bottom - 112:.0f}Z",
        lighter(colour, 0.55),
    )


def _canoe(c: Canvas, random: Random, x: float, y: float) -> None:
    """A painted fishing canoe."""
    size = random.uniform(0.7, 1.3)
    colour = random.choice(("#c8452f", "#2b6f9f", "#e0a92f", "#2e7a5a"))
    c.path(
        f"M{x:.0f} {y:.0f}q{46 * size:.0f} {26 * size:.0f} {112 * size:.0f} {-4 * size:.0f}"
        f"q{-12 * size:.0f} {30 * size:.0f} {-60 * size:.0f} {30 * size:.0f}"
        f"q{-42 * size:.0f} 0 {-52 * size:.0f} {-26 * size:.0f}Z",
        colour,
    )
    c.stroke(
        f"M{x + 8 * size:.0f} {y + 12 * size:.0f}q{42 * size:.0f} {16 * size:.0f}"
        f" {94 * size:.0f} {-4 * size:.0f}",
        "#fff3d6",
        3 * size,
    )
    c.line((x + 50 * size, y + 10 * size), (x + 54 * size, y - 46 * size), "#5a4030", 3)
    c.polygon(
        [
            (x + 54 * size, y - 46 * size),
            (x + 92 * size, y - 36 * size),
            (x + 54 * size, y - 26 * size),
        ],
        lighter(colour, 0.3),
    )


def _kyoto(c: Canvas, random: Random, palette: Palette, bottom: float) -> None:
    for distance, (lift, colour) in enumerate(
        ((190, "#b8c6d0"), (130, "#9fb3b4"), (64, "#87a08e"))
    ):
        nature.hills(c, random, bottom - 120 + distance * 44, lift + 40, colour)
        c.rect(0, bottom - 130 + distance * 40, c.width, 40, "#ffffff", opacity=0.12)
    _pagoda(c, palette, random.choice((330, 820)), bottom - 30)
    for _ in range(20):
        x = random.uniform(0, c.width)
        y = bottom + random.uniform(-30, 60)
        leaf = random.choice((*palette.blossom, palette.leaf, palette.leaf))
        nature.round_tree(c, random, x, y, random.uniform(110, 180), leaf)
    roof = palette.roof
    x = -80.0
    while x < c.width:
        width = random.uniform(150, 240)
        y = bottom + random.uniform(10, 50)
        c.path(
            f"M{x - 20:.0f} {y + 46:.0f}Q{x + 20:.0f} {y + 34:.0f} {x + 44:.0f} {y:.0f}"
            f"H{x + width - 44:.0f}"
            f"Q{x + width - 20:.0f} {y + 34:.0f} {x + width + 20:.0f} {y + 46:.0f}Z",
            c.down(lighter(roof, random.uniform(0.08, 0.24)), darker(roof, 0.12)),
        )
        c.rect(x + 10, y + 46, width - 20, 120, lighter(random.choice(palette.walls), 0.1))
        x += width * 0.86


def _pagoda(c: Canvas, palette: Palette, x: float, base: float) -> None:
    roof, wood = darker(palette.roof, 0.15), "#8a4a38"
    for level in range(5):
        width = 150 - level * 20
        y = base - level * 56
        c.rect(x - width * 0.3, y - 40, width * 0.6, 42, wood)
        c.rect(x - width * 0.3, y - 22, width * 0.6, 5, "#f0d9a8", opacity=0.7)
        c.path(
            f"M{x - width * 0.72:.0f} {y - 30:.0f}Q{x - width * 0.36:.0f} {y - 40:.0f}"
            f" {x - width * 0.2:.0f} {y - 62:.0f}H{x + width * 0.2:.0f}"
            f"Q{x + width * 0.36:.0f} {y - 40:.0f} {x + width * 0.72:.0f} {y - 30:.0f}Z",
            roof,
        )
    c.line((x, base - 286), (x, base - 350), "#3a3a3c", 5)


def _balcony(c: Canvas, random: Random, palette: Palette) -> None:
    floor = lighter(palette.timber, 0.35)
    c.rect(0, 690, c.width, 110, c.down(floor, darker(floor, 0.14)))
    for x in range(-40, c.width, 96):
        c.line((x, 690), (x - (600 - x) * 0.12, 800), "#000000", 2, opacity=0.14)
    c.rect(0, 500, c.width, 13, "#2c3138", rx=4)
    bars = "".join(f"M{x} 512v178" for x in range(14, c.width, 30))
    c.stroke(bars, "#2c3138", 4)
    c.rect(0, 684, c.width, 8, "#2c3138")
    fabric = random.choice(palette.fabrics)
    for x, side in ((360, 1), (840, -1)):
        _chair(c, x, side, fabric, palette.timber)
    c.ellipse(600, 640, 78, 15, lighter(palette.timber, 0.3))
    c.rect(595, 644, 10, 120, darker(palette.timber, 0.3))
    c.ellipse(600, 766, 48, 8, darker(palette.timber, 0.3))
    c.rect(572, 604, 18, 32, "#fffaf0", rx=4)
    c.rect(612, 596, 14, 40, "#8fb8a0", rx=5)
    nature.pot(c, random, 92, 778, 150, palette)
    nature.pot(c, random, 1112, 782, 170, palette)


def _chair(c: Canvas, x: float, side: int, fabric: str, timber: str) -> None:
    c.stroke(
        f"M{x - 56 * side} 690L{x - 76 * side} 782M{x + 44 * side} 700L{x + 58 * side} 782",
        timber,
        10,
    )
    c.path(
        f"M{x - 92 * side} 552Q{x - 70 * side} 540 {x - 58 * side} 560L{x - 36 * side} 682"
        f"H{x + 58 * side}Q{x + 70 * side} 700 {x + 52 * side} 712H{x - 60 * side}Z",
        c.down(lighter(fabric, 0.15), darker(fabric, 0.1)),
    )


def garden(c: Canvas, random: Random, palette: Palette) -> None:
    """A garden with a table under the trees."""
    nature.sky(c, random, sky(random, palette), 430)
    nature.hills(c, random, 470, 120, lighter(palette.leaf, 0.45))
    wall = lighter(random.choice(palette.walls), 0.15)
    c.rect(0, 400, c.width, 90, c.down(wall, darker(wall, 0.08)))
    nature.hedge(c, random, -20, c.width, 500, palette.leaf)
    c.rect(0, 490, c.width, 310, c.down(lighter(palette.leaf, 0.32), darker(palette.leaf, 0.05)))
    for x in (120, 330, 900, 1090):
        nature.tree(c, random, x, random.uniform(510, 560), random.uniform(300, 400), palette)
    if palette.style == "kyoto":
        _pond(c, palette)
    _lights(c)
    c.ellipse(600, 726, 330, 40, "#000000", opacity=0.12)
    timber = palette.timber
    for x in (430, 770):
        c.rect(x - 7, 630, 14, 100, darker(timber, 0.2))
    c.rect(380, 610, 440, 26, c.down(lighter(timber, 0.35), timber), rx=6)
    for x in (330, 870):
        c.rect(x - 60, 664, 120, 18, lighter(timber, 0.15), rx=5)
        c.rect(x - 48, 682, 10, 56, darker(timber, 0.2))
        c.rect(x + 38, 682, 10, 56, darker(timber, 0.2))
    for x, colour in ((470, "#f6efe2"), (560, palette.fabrics[1]), (690, "#f6efe2")):
        c.ellipse(x, 606, 34, 7, colour)
    nature.pot(c, random, 620, 612, 70, palette)
    for _ in range(26):
        c.circle(
            random.uniform(0, c.width), random.uniform(740, 796), 5, random.choice(palette.blossom)
        )


def _pond(c: Canvas, palette: Palette) -> None:
    c.ellipse(600, 560, 300, 44, "#a8a294")
    c.ellipse(600, 558, 282, 36, c.down(lighter(palette.water, 0.3), palette.water))
    for x, y in ((480, 556), (640, 566), (720, 550)):
        c.ellipse(x, y, 22, 6, "#e07a3a", opacity=0.9)


def _lights(c: Canvas) -> None:
    c.stroke("M0 250Q300 360 600 270T1200 250", "#3a3a3c", 3, opacity=0.7)
    for step in range(15):
        x = 40 + step * 80
        y = 262 + (46 if x < 600 else 22) * (1 - abs((x % 600) - 300) / 300)
        c.glow(x, y + 12, 34, "#ffe6a0", strength=0.8)
        c.circle(x, y + 12, 7, "#fff6d8")


def pool(c: Canvas, random: Random, palette: Palette) -> None:
    """A pool between loungers and plants."""
    nature.sky(c, random, sky(random, palette), 380)
    nature.hills(c, random, 420, 110, lighter(palette.leaf, 0.4))
    wall = lighter(palette.walls[3], 0.2)
    c.rect(120, 230, 560, 200, c.across(lighter(wall, 0.3), darker(wall, 0.04)))
    c.rect(90, 210, 620, 26, lighter(palette.roof, 0.2), rx=4)
    for pane in (170, 340, 510):
        c.rect(pane, 270, 130, 160, "#2e3338")
        c.rect(pane + 6, 276, 118, 154, c.down("#fff0c4", "#d9e8ea"))
        c.line((pane + 65, 276), (pane + 65, 430), "#2e3338", 4)
    for trunk in (40, 790, 930, 1120):
        nature.tree(c, random, trunk, 440, random.uniform(300, 390), palette)
    stone = lighter(palette.ground, 0.45)
    c.rect(0, 425, c.width, 375, c.down(stone, darker(stone, 0.1)))
    nature.hedge(c, random, 700, c.width, 440, palette.leaf)
    c.polygon([(250, 520), (1010, 520), (1180, 800), (80, 800)], lighter(stone, 0.5))
    c.polygon([(272, 534), (988, 534), (1140, 800), (122, 800)], c.down("#a8e8ec", "#3aa8c0"))
    for _ in range(30):
        y = random.uniform(550, 790)
        spread = 330 + (y - 534) * 0.6
        x = 630 + random.uniform(-spread, spread - 90)
        c.stroke(
            f"M{x:.0f} {y:.0f}q18 -7 36 0t36 0", "#ffffff", 3, opacity=random.uniform(0.25, 0.7)
        )
    fabric = random.choice(palette.fabrics)
    for side in (96, 1010):
        c.path(f"M{side} 500l34 -52h20l-28 52h92v16h-118Z", fabric)
        c.rect(side + 4, 514, 8, 24, palette.timber)
        c.rect(side + 98, 514, 8, 24, palette.timber)
    nature.pot(c, random, 60, 640, 120, palette)
    nature.pot(c, random, 1150, 640, 130, palette)
