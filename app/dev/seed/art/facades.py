"""Homes from outside."""

from random import Random

from app.dev.seed.art import nature
from app.dev.seed.art.canvas import Canvas, darker, lighter
from app.dev.seed.art.palettes import Palette, sky
from db.enums import PropertyType

STREET = 665
STOREY = 132
# Storeys and windows side by side.
SHAPES = {
    PropertyType.APARTMENT: (4, 4),
    PropertyType.LOFT: (3, 4),
    PropertyType.HOUSE: (2, 4),
    PropertyType.VILLA: (2, 6),
    PropertyType.COTTAGE: (1, 4),
    PropertyType.CABIN: (1, 3),
    PropertyType.GUESTHOUSE: (2, 3),
}


def facade(c: Canvas, random: Random, palette: Palette, kind: PropertyType) -> None:
    """The front of a house of that kind, in its street."""
    nature.sky(c, random, sky(random, palette), STREET)
    nature.hills(c, random, STREET, 210, lighter(palette.leaf, 0.55))
    if kind is PropertyType.BOAT:
        _mooring(c, random, palette)
        return
    nature.hills(c, random, STREET, 130, lighter(palette.leaf, 0.35))
    storeys, bays = SHAPES[kind]
    width = bays * 118 + 60
    left = (c.width - width) / 2 + random.uniform(-70, 70)
    is_street = kind in (PropertyType.APARTMENT, PropertyType.LOFT) or (
        palette.style != "accra" and kind is PropertyType.HOUSE
    )
    if is_street:
        _neighbours(c, random, palette, left, left + width, storeys)
    else:
        for x in (left - 150, left - 50, left + width + 70, left + width + 170):
            nature.tree(c, random, x, STREET, random.uniform(250, 370), palette)
    _ground(c, random, palette, is_street)
    _house(c, random, palette, left, width, storeys, bays, kind)
    _in_front(c, random, palette, left, width, kind)


def _neighbours(
    c: Canvas, random: Random, palette: Palette, left: float, right: float, storeys: int
) -> None:
    for side in (-1, 1):
        edge = left if side < 0 else right
        for _ in range(3):
            bays = random.choice((2, 3))
            width = bays * 112 + 40
            x = edge - width - 4 if side < 0 else edge + 4
            _house(
                c,
                random,
                palette,
                x,
                width,
                max(1, storeys + random.choice((-1, 0, 0, 1))),
                bays,
                PropertyType.HOUSE,
                faded=0.22,
            )
            edge += side * (width + 4)
            if not -200 < edge < c.width + 200:
                break


def _ground(c: Canvas, random: Random, palette: Palette, is_street: bool) -> None:
    if is_street or palette.style == "kyoto":
        c.rect(
            0,
            STREET,
            c.width,
            135,
            c.down(lighter(palette.ground, 0.15), darker(palette.ground, 0.18)),
        )
        stone = c.pattern(
            46,
            26,
            '<path d="M0 0H46M0 13H46M12 0V13M35 13V26" stroke="#000" stroke-opacity=".10"'
            ' fill="none" stroke-width="2"/>',
        )
        c.rect(0, STREET + 26, c.width, 110, stone)
        c.rect(0, STREET + 14, c.width, 12, lighter(palette.ground, 0.4))
        return
    lawn = palette.leaf
    c.rect(0, STREET, c.width, 135, c.down(lighter(lawn, 0.3), darker(lawn, 0.1)))
    middle = c.width / 2 + random.uniform(-60, 60)
    c.polygon(
        [(middle - 40, STREET), (middle + 40, STREET), (middle + 130, 800), (middle - 130, 800)],
        lighter(palette.ground, 0.25),
    )


def _house(
    c: Canvas,
    random: Random,
    palette: Palette,
    left: float,
    width: float,
    storeys: int,
    bays: int,
    kind: PropertyType,
    faded: float = 0,
) -> None:
    wall = random.choice(palette.walls)
    if kind is PropertyType.CABIN or (palette.style == "kyoto" and random.random() < 0.4):
        wall = lighter(palette.timber, 0.12)
    wall = lighter(wall, faded)
    trim = lighter(random.choice(palette.trims), faded)
    top = STREET - storeys * STOREY - 26
    c.rect(left, top, width, STREET - top, c.across(lighter(wall, 0.16), wall, darker(wall, 0.08)))
    if palette.style == "lisbon" and random.random() < 0.5:
        _tiles(c, left, top, width, STREET - top, trim)
    if kind is PropertyType.CABIN:
        for y in range(int(top), STREET, 17):
            c.rect(left, y, width, 2, "#000000", opacity=0.12)
    _roof(c, palette, left, top, width, kind, faded)
    step = (width - 60) / bays
    door_bay = bays // 2
    for storey in range(storeys):
        y = STREET - (storey + 1) * STOREY
        for bay in range(bays):
            x = left + 30 + step * (bay + 0.5)
            if storey == 0 and bay == door_bay:
                _door(c, random, palette, x, trim, faded)
            else:
                _window(c, random, palette, x, y + 24, kind, trim, storey, faded)
    if palette.style == "kyoto" and storeys > 1:
        _eaves(c, palette, left, STREET - STOREY - 10, width, faded)
    c.rect(left, STREET - 14, width, 14, darker(wall, 0.25))


def _tiles(c: Canvas, x: float, y: float, width: float, height: float, colour: str) -> None:
    """Azulejos."""
    tile = c.pattern(
        30,
        30,
        f'<path d="M15 2L28 15L15 28L2 15Z" fill="none" stroke="{colour}" stroke-width="1.6"/>'
        f'<circle cx="15" cy="15" r="3.4" fill="{colour}"/>'
        f'<circle r="4" fill="{colour}"/><circle cx="30" r="4" fill="{colour}"/>'
        f'<circle cy="30" r="4" fill="{colour}"/><circle cx="30" cy="30" r="4" fill="{colour}"/>',
    )
    c.rect(x, y, width, height, tile, opacity=0.32)


def _roof(
    c: Canvas,
    palette: Palette,
    left: float,
    top: float,
    width: float,
    kind: PropertyType,
    faded: float,
) -> None:
    roof = lighter(palette.roof, faded)
    right = left + width
    if kind is PropertyType.CABIN:
        c.polygon(
            [(left - 44, top + 10), ((left + right) / 2, top - 175), (right + 44, top + 10)],
            c.down(lighter(roof, 0.1), darker(roof, 0.15)),
        )
        c.circle((left + right) / 2, top - 60, 30, "#fbe6a8")
        c.stroke(f"M{(left + right) / 2:.0f} {top - 90:.0f}v60m-30 -30h60", darker(roof, 0.4), 5)
    elif palette.style == "accra":
        c.rect(left - 22, top - 16, width + 44, 22, c.down(lighter(roof, 0.3), roof), rx=4)
        c.rect(left - 22, top + 6, width + 44, 10, "#000000", opacity=0.12)
    elif palette.style == "kyoto":
        c.path(
            f"M{left - 52:.0f} {top + 14:.0f}Q{left:.0f} {top - 8:.0f} {left + 40:.0f}"
            f" {top - 76:.0f}H{right - 40:.0f}Q{right:.0f} {top - 8:.0f} {right + 52:.0f}"
            f" {top + 14:.0f}Z",
            c.down(lighter(roof, 0.18), darker(roof, 0.25)),
        )
        c.rect(left + 30, top - 86, width - 60, 14, darker(roof, 0.3), rx=7)
        for x in range(int(left) + 40, int(right) - 30, 18):
            c.line((x, top - 70), (x, top + 2), "#000000", 2, opacity=0.16)
    else:
        c.polygon(
            [
                (left - 16, top + 4),
                (left + 34, top - 70),
                (right - 34, top - 70),
                (right + 16, top + 4),
            ],
            c.down(lighter(roof, 0.16), darker(roof, 0.1)),
        )
        for row in range(4):
            y = top - 58 + row * 17
            c.stroke(
                f"M{left + 22 - row * 11:.0f} {y:.0f}H{right - 22 + row * 11:.0f}",
                darker(roof, 0.3),
                2,
                opacity=0.35,
            )
        c.rect(left - 18, top, width + 36, 11, lighter(palette.walls[3], 0.3), rx=3)


def _eaves(c: Canvas, palette: Palette, left: float, y: float, width: float, faded: float) -> None:
    roof = lighter(palette.roof, faded)
    c.path(
        f"M{left - 30:.0f} {y + 30:.0f}L{left:.0f} {y:.0f}H{left + width:.0f}"
        f"L{left + width + 30:.0f} {y + 30:.0f}Z",
        c.down(lighter(roof, 0.12), darker(roof, 0.28)),
    )
    c.rect(left - 20, y + 30, width + 40, 8, "#000000", opacity=0.18)


def _window(
    c: Canvas,
    random: Random,
    palette: Palette,
    x: float,
    y: float,
    kind: PropertyType,
    trim: str,
    storey: int,
    faded: float,
) -> None:
    lit = random.random() < 0.35
    glass = c.down("#ffe9ae", "#f6c56a") if lit else c.down("#dff0f6", "#8fb3c4")
    if kind is PropertyType.LOFT:
        _steel_window(c, x, y, glass)
    elif palette.style == "kyoto":
        _lattice(c, x, y, glass, trim)
    elif palette.style == "accra":
        c.rect(x - 42, y - 6, 84, 96, lighter(trim, 0.75), rx=3)
        c.rect(x - 36, y, 72, 84, glass)
        for row in range(6):
            c.rect(x - 36, y + 5 + row * 14, 72, 3, lighter(trim, 0.2), opacity=0.75)
        c.rect(x - 50, y - 16, 100, 9, lighter(trim, 0.1), rx=2)
    else:
        c.rect(x - 33, y - 8, 66, 100, lighter(palette.walls[3], 0.4), rx=2)
        c.rect(x - 26, y, 52, 88, glass)
        c.stroke(f"M{x:.0f} {y:.0f}v88M{x - 26:.0f} {y + 34:.0f}h52", "#ffffff", 4)
        for side in (-1, 1):
            c.rect(x + side * 45 - 11, y - 2, 22, 92, c.across(trim, darker(trim, 0.2)), rx=2)
            for row in range(7):
                c.rect(x + side * 45 - 8, y + 5 + row * 12, 16, 3, "#000000", opacity=0.2)
        if storey:
            _balcony(c, x, y + 88)
    if storey and not faded and random.random() < 0.4:
        nature.plant(c, random, x + random.uniform(-18, 18), y + 98, 34, palette)


def _balcony(c: Canvas, x: float, y: float) -> None:
    c.rect(x - 44, y + 2, 88, 7, "#e9e2d4")
    bars = "".join(f"M{x - 40 + step * 10:.0f} {y - 30:.0f}v32" for step in range(9))
    c.stroke(f"{bars}M{x - 42:.0f} {y - 30:.0f}h84", "#2c3138", 2.4)


def _steel_window(c: Canvas, x: float, y: float, glass: str) -> None:
    c.rect(x - 48, y - 10, 96, 104, "#2e3338", rx=2)
    c.rect(x - 43, y - 5, 86, 94, glass)
    c.stroke(
        f"M{x - 14:.0f} {y - 5:.0f}v94M{x + 15:.0f} {y - 5:.0f}v94"
        f"M{x - 43:.0f} {y + 26:.0f}h86M{x - 43:.0f} {y + 58:.0f}h86",
        "#2e3338",
        3.4,
    )


def _lattice(c: Canvas, x: float, y: float, glass: str, trim: str) -> None:
    c.rect(x - 48, y, 96, 88, trim, rx=2)
    c.rect(x - 43, y + 5, 86, 78, glass)
    for step in range(11):
        c.rect(x - 42 + step * 8.2, y + 5, 3.4, 78, trim)
    c.rect(x - 48, y + 40, 96, 4, trim)


def _door(c: Canvas, random: Random, palette: Palette, x: float, trim: str, faded: float) -> None:
    y = STREET - 112
    if palette.style == "kyoto":
        c.rect(x - 48, y, 96, 112, darker(trim, 0.15))
        c.rect(x - 42, y + 8, 40, 104, c.down("#fbeecb", "#eac98a"))
        c.rect(x + 2, y + 8, 40, 104, c.down("#fbeecb", "#eac98a"))
        c.stroke(
            f"M{x - 42:.0f} {y + 60:.0f}h84M{x - 22:.0f} {y + 8:.0f}v104"
            f"M{x + 22:.0f} {y + 8:.0f}v104",
            trim,
            3,
        )
        cloth = lighter(random.choice(palette.fabrics), faded)
        for step in range(3):
            c.rect(x - 46 + step * 31, y + 4, 30, 44, cloth)
        c.circle(x, y + 24, 9, "#f6efe0")
        _lantern(c, x + 66, y + 10)
        return
    c.rect(x - 38, y - 8, 76, 120, lighter(palette.walls[3], 0.4), rx=3)
    c.path(
        f"M{x - 30:.0f} {STREET}V{y + 24:.0f}Q{x:.0f} {y - 22:.0f} {x + 30:.0f} {y + 24:.0f}"
        f"V{STREET}Z",
        c.across(lighter(trim, 0.1), darker(trim, 0.15)),
    )
    for side in (-14, 14):
        c.rect(x + side - 9, y + 34, 18, 28, "#000000", rx=2, opacity=0.16)
        c.rect(x + side - 9, y + 70, 18, 32, "#000000", rx=2, opacity=0.16)
    c.circle(x + 22, y + 66, 3.4, "#f3cf6a")
    c.rect(x - 44, STREET - 8, 88, 10, "#d9d2c5")


def _lantern(c: Canvas, x: float, y: float) -> None:
    c.glow(x, y + 24, 90, "#ffcf7a", strength=0.6)
    c.rect(x - 15, y, 30, 46, c.down("#fff3cf", "#f3a95c"), rx=13)
    for row in range(4):
        c.rect(x - 15, y + 8 + row * 9, 30, 1.6, "#a8463a", opacity=0.6)
    c.rect(x - 8, y - 5, 16, 6, "#3a3a3c")
    c.rect(x - 8, y + 45, 16, 6, "#3a3a3c")


def _in_front(
    c: Canvas,
    random: Random,
    palette: Palette,
    left: float,
    width: float,
    kind: PropertyType,
) -> None:
    if kind in (PropertyType.VILLA, PropertyType.COTTAGE, PropertyType.GUESTHOUSE):
        nature.hedge(c, random, left - 130, left + width * 0.32, STREET + 16, palette.leaf)
        nature.hedge(c, random, left + width * 0.72, left + width + 130, STREET + 16, palette.leaf)
    if kind is PropertyType.VILLA:
        c.path("M110 800Q180 716 420 716H780Q1020 716 1090 800Z", lighter(palette.ground, 0.5))
        c.path("M170 800Q220 732 430 732H770Q980 732 1030 800Z", c.down("#8fdce4", "#3fb0c4"))
        c.stroke("M320 764q40 -9 80 0t80 0M620 780q40 -9 80 0t80 0", "#ffffff", 3, opacity=0.6)
    for x in random.sample(
        (left + 20, left + width * 0.33, left + width * 0.82, left + width - 8), 3
    ):
        nature.pot(c, random, x, STREET + random.uniform(8, 22), random.uniform(62, 96), palette)
    side = random.choice((60, 1130))
    nature.tree(c, random, side, 776, random.uniform(330, 430), palette)


def _mooring(c: Canvas, random: Random, palette: Palette) -> None:
    """A boat at its pier."""
    nature.hills(c, random, 470, 90, lighter(palette.leaf, 0.4))
    nature.water(c, random, 470, 800, palette.water)
    hull, deck = random.choice(palette.trims), palette.timber
    c.ellipse(610, 640, 400, 26, "#000000", opacity=0.18)
    c.path(
        "M210 530H1000Q985 620 900 650H330Q240 620 210 530Z",
        c.down(lighter(hull, 0.12), darker(hull, 0.2)),
    )
    c.path("M205 524H1006L1000 546H212Z", lighter("#f6efe2", 0.3))
    c.rect(380, 436, 390, 90, c.down(lighter(deck, 0.25), deck), rx=12)
    c.rect(362, 422, 426, 20, darker(deck, 0.25), rx=8)
    for x in range(412, 740, 84):
        c.rect(x, 458, 54, 40, "#2e3338", rx=20)
        c.rect(x + 4, 462, 46, 32, c.down("#fff0c0", "#f3bd6a"), rx=16)
    if palette.style == "kyoto":
        _lantern(c, 830, 440)
        _lantern(c, 330, 440)
    else:
        c.line((575, 424), (575, 90), darker(deck, 0.3), 11)
        c.path("M588 110Q800 300 842 412H588Z", "#fbf6ea")
        c.path("M562 130Q420 300 384 412H562Z", lighter(palette.fabrics[0], 0.7))
    c.rect(0, 690, c.width, 24, c.down(lighter(deck, 0.3), deck))
    for x in range(0, c.width, 62):
        c.rect(x, 690, 3, 24, "#000000", opacity=0.2)
    for x in (90, 520, 980):
        c.rect(x, 660, 26, 140, darker(deck, 0.2), rx=5)
    nature.pot(c, random, 180, 694, 84, palette)
    nature.pot(c, random, 1090, 694, 104, palette)
