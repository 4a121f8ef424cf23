"""Skies, hills, trees and everything that grows in pots."""

import math
from itertools import pairwise
from random import Random

from app.dev.seed.art.canvas import Canvas, darker, lighter, mix
from app.dev.seed.art.palettes import Palette


def sky(c: Canvas, random: Random, colours: tuple[str, str, str], horizon: float) -> None:
    """A sky down to `horizon`, with its sun and some clouds."""
    c.rect(0, 0, c.width, horizon + 2, c.down(*colours))
    x, y = random.uniform(0.15, 0.85) * c.width, random.uniform(0.18, 0.5) * horizon
    c.glow(x, y, 260, "#fff6d8", strength=0.85)
    c.circle(x, y, 38, "#fffaf0", opacity=0.95)
    for _ in range(random.randint(2, 4)):
        cloud(c, random, random.uniform(0, c.width), random.uniform(0.1, 0.55) * horizon)


def cloud(c: Canvas, random: Random, x: float, y: float) -> None:
    """A flat-bottomed cloud."""
    for _ in range(5):
        width = random.uniform(40, 95)
        c.ellipse(
            x + random.uniform(-80, 80),
            y + random.uniform(-10, 6),
            width,
            width * 0.24,
            "#ffffff",
            opacity=0.34,
        )


def hills(c: Canvas, random: Random, base: float, height: float, colour: str) -> None:
    """A range of hills that stand on the line `base`."""
    steps, phase = 24, random.uniform(0, 7)
    points = [(0.0, base)]
    for step in range(steps + 1):
        t = step / steps
        wave = math.sin(t * 5 + phase) * 0.5 + math.sin(t * 11 + phase * 2) * 0.22
        points.append((t * c.width, base - height * (0.6 + 0.4 * wave)))
    points.append((c.width, base))
    smooth = f"M0 {base:.0f}"
    for (x0, y0), (x1, y1) in pairwise(points[1:]):
        smooth += f"L{x0:.0f} {y0:.0f}Q{x0:.0f} {y0:.0f} {(x0 + x1) / 2:.0f} {(y0 + y1) / 2:.0f}"
    c.path(f"{smooth}L{c.width} {base:.0f}Z", colour)


def water(c: Canvas, random: Random, top: float, bottom: float, colour: str) -> None:
    """Water with glints of light."""
    c.rect(0, top, c.width, bottom - top, c.down(lighter(colour, 0.45), colour))
    for _ in range(46):
        y = random.uniform(top + 4, bottom)
        width = 20 + 80 * (y - top) / (bottom - top)
        x = random.uniform(-20, c.width)
        c.rect(x, y, width, 2.4, "#ffffff", rx=1.2, opacity=random.uniform(0.12, 0.4))


def tree(c: Canvas, random: Random, x: float, y: float, size: float, palette: Palette) -> None:
    """The tree that the city's gardens have, its foot at (x, y)."""
    if palette.style == "accra":
        palm(c, random, x, y, size, palette.leaf)
    elif palette.style == "kyoto":
        round_tree(c, random, x, y, size, random.choice((*palette.blossom, palette.leaf)))
    else:
        round_tree(c, random, x, y, size, palette.leaf)
        for _ in range(9):  # oranges and lemons
            angle, reach = random.uniform(0, 6.3), random.uniform(0.05, 0.34) * size
            fruit = random.choice(("#f5a623", "#f7d648"))
            c.circle(
                x + math.cos(angle) * reach,
                y - size * 0.72 + math.sin(angle) * reach * 0.8,
                size * 0.026,
                fruit,
            )


def round_tree(c: Canvas, random: Random, x: float, y: float, size: float, leaf: str) -> None:
    """A trunk and a crown of overlapping discs, light from the left above."""
    c.ellipse(x, y, size * 0.3, size * 0.05, "#000000", opacity=0.14)
    c.stroke(
        f"M{x:.0f} {y:.0f}C{x - 6:.0f} {y - size * 0.2:.0f} {x + 8:.0f} {y - size * 0.35:.0f}"
        f" {x:.0f} {y - size * 0.6:.0f}",
        "#6b4a34",
        size * 0.055,
    )
    middle = y - size * 0.72
    for ring, shade in ((0.36, 0.16), (0.31, 0.0), (0.23, -0.18)):
        colour = darker(leaf, shade) if shade >= 0 else lighter(leaf, -shade)
        for _ in range(9):
            angle = random.uniform(0, 6.3)
            offset = ring * size * 0.62
            c.circle(
                x + math.cos(angle) * offset - ring * 6,
                middle + math.sin(angle) * offset * 0.75 + shade * 60,
                size * random.uniform(0.11, 0.17),
                colour,
                opacity=0.94,
            )


def palm(c: Canvas, random: Random, x: float, y: float, size: float, leaf: str) -> None:
    """A leaning palm."""
    lean = random.uniform(-0.22, 0.22) * size
    top_x, top_y = x + lean, y - size * 0.86
    c.ellipse(x, y, size * 0.16, size * 0.03, "#000000", opacity=0.16)
    c.stroke(
        f"M{x:.0f} {y:.0f}Q{x - lean * 0.2:.0f} {y - size * 0.5:.0f} {top_x:.0f} {top_y:.0f}",
        "#8a6a48",
        size * 0.04,
    )
    for index in range(11):
        angle = math.pi * (0.02 + index * 0.096) + random.uniform(-0.05, 0.05)
        reach = size * random.uniform(0.3, 0.4)
        end_x = top_x + math.cos(angle) * reach
        end_y = top_y - math.sin(angle) * reach * 0.45 + reach * 0.42
        bend_x = top_x + math.cos(angle) * reach * 0.55
        bend_y = top_y - abs(math.sin(angle)) * reach * 0.55 - reach * 0.16
        colour = darker(leaf, 0.2) if index % 2 else lighter(leaf, 0.08)
        c.path(
            f"M{top_x:.0f} {top_y:.0f}Q{bend_x:.0f} {bend_y - 9:.0f} {end_x:.0f} {end_y:.0f}"
            f"Q{bend_x:.0f} {bend_y + 17:.0f} {top_x:.0f} {top_y:.0f}Z",
            colour,
        )
    for offset in (-9, 2, 11):
        c.circle(top_x + offset * size / 300, top_y + size * 0.02, size * 0.024, "#6f4a2c")


def pot(c: Canvas, random: Random, x: float, y: float, size: float, palette: Palette) -> None:
    """A plant in a pot that stands at (x, y)."""
    clay = random.choice(("#c8714a", "#e8e0d2", "#5f6f78", palette.trims[0]))
    plant(c, random, x, y - size * 0.42, size * 0.62, palette)
    c.ellipse(x, y, size * 0.26, size * 0.05, "#000000", opacity=0.16)
    c.path(
        f"M{x - size * 0.22:.0f} {y - size * 0.44:.0f}L{x + size * 0.22:.0f} {y - size * 0.44:.0f}"
        f"L{x + size * 0.16:.0f} {y:.0f}L{x - size * 0.16:.0f} {y:.0f}Z",
        c.across(lighter(clay, 0.15), darker(clay, 0.2)),
    )
    c.rect(x - size * 0.245, y - size * 0.47, size * 0.49, size * 0.08, clay, rx=3)


def plant(c: Canvas, random: Random, x: float, y: float, size: float, palette: Palette) -> None:
    """Leaves that fan out of (x, y), some in flower."""
    for index in range(13):
        angle = math.pi * (0.08 + 0.84 * index / 12) + random.uniform(-0.08, 0.08)
        reach = size * random.uniform(0.7, 1.05)
        end_x, end_y = x + math.cos(angle) * reach * 0.75, y - math.sin(angle) * reach
        side = reach * 0.13
        leaf = mix(palette.leaf, random.choice(("#1d1a24", "#ffffff")), random.uniform(0.02, 0.2))
        middle_x, middle_y = (x + end_x) / 2, (y + end_y) / 2
        c.path(
            f"M{x:.0f} {y:.0f}Q{middle_x - side:.0f} {middle_y - side:.0f} {end_x:.0f} {end_y:.0f}"
            f"Q{middle_x + side:.0f} {middle_y + side:.0f} {x:.0f} {y:.0f}Z",
            leaf,
        )
    if random.random() < 0.55:
        colour = random.choice(palette.blossom)
        for _ in range(8):
            angle, reach = random.uniform(0.3, 2.8), size * random.uniform(0.55, 0.95)
            c.circle(
                x + math.cos(angle) * reach * 0.7,
                y - math.sin(angle) * reach,
                size * 0.07,
                lighter(colour, random.uniform(0, 0.3)),
            )


def hedge(c: Canvas, random: Random, left: float, right: float, y: float, leaf: str) -> None:
    """A low hedge along a wall."""
    x = left
    while x < right:
        r = random.uniform(20, 34)
        c.circle(x, y - r * 0.55, r, mix(leaf, "#1d1a24", random.uniform(0.0, 0.22)))
        x += r * 0.9
