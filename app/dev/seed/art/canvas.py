"""A sheet to draw on, and colours to draw with."""

from collections.abc import Sequence

Point = tuple[float, float]


class Canvas:
    """Collects SVG elements; later ones lie above earlier ones. Units are pixels."""

    def __init__(self, width: int, height: int) -> None:
        self.width = width
        self.height = height
        self._defs: list[str] = []
        self._body: list[str] = []

    def add(self, markup: str) -> None:
        """Any SVG element."""
        self._body.append(markup)

    def rect(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        fill: str,
        *,
        rx: float = 0,
        opacity: float = 1,
    ) -> None:
        """A rectangle with corners rounded by `rx`."""
        corner = f' rx="{_n(rx)}"' if rx else ""
        self.add(
            f'<rect x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}"'
            f'{corner} fill="{fill}"{_opacity(opacity)}/>'
        )

    def ellipse(
        self, x: float, y: float, rx: float, ry: float, fill: str, *, opacity: float = 1
    ) -> None:
        """An ellipse around (x, y)."""
        self.add(
            f'<ellipse cx="{_n(x)}" cy="{_n(y)}" rx="{_n(rx)}" ry="{_n(ry)}"'
            f' fill="{fill}"{_opacity(opacity)}/>'
        )

    def circle(self, x: float, y: float, r: float, fill: str, *, opacity: float = 1) -> None:
        """A circle around (x, y)."""
        self.ellipse(x, y, r, r, fill, opacity=opacity)

    def polygon(self, points: Sequence[Point], fill: str, *, opacity: float = 1) -> None:
        """A filled polygon."""
        corners = " ".join(f"{_n(x)},{_n(y)}" for x, y in points)
        self.add(f'<polygon points="{corners}" fill="{fill}"{_opacity(opacity)}/>')

    def path(self, d: str, fill: str, *, opacity: float = 1) -> None:
        """A filled path."""
        self.add(f'<path d="{d}" fill="{fill}"{_opacity(opacity)}/>')

    def stroke(self, d: str, colour: str, width: float, *, opacity: float = 1) -> None:
        """A drawn line along a path."""
        self.add(
            f'<path d="{d}" fill="none" stroke="{colour}" stroke-width="{_n(width)}"'
            f' stroke-linecap="round" stroke-linejoin="round"{_opacity(opacity)}/>'
        )

    def line(
        self, start: Point, end: Point, colour: str, width: float, *, opacity: float = 1
    ) -> None:
        """A straight line."""
        self.stroke(
            f"M{_n(start[0])} {_n(start[1])}L{_n(end[0])} {_n(end[1])}",
            colour,
            width,
            opacity=opacity,
        )

    def down(self, *colours: str) -> str:
        """A fill that changes from top to bottom."""
        return self._gradient('linearGradient x2="0" y2="1"', "linearGradient", colours)

    def across(self, *colours: str) -> str:
        """A fill that changes from left to right."""
        return self._gradient("linearGradient", "linearGradient", colours)

    def glow(self, x: float, y: float, r: float, colour: str, *, strength: float = 0.7) -> None:
        """Light around a point, fading outwards."""
        name = f"g{len(self._defs)}"
        self._defs.append(
            f'<radialGradient id="{name}"><stop stop-color="{colour}" stop-opacity="{strength}"/>'
            f'<stop offset="1" stop-color="{colour}" stop-opacity="0"/></radialGradient>'
        )
        self.circle(x, y, r, f"url(#{name})")

    def pattern(self, width: float, height: float, markup: str) -> str:
        """A fill that repeats a tile."""
        name = f"p{len(self._defs)}"
        self._defs.append(
            f'<pattern id="{name}" width="{_n(width)}" height="{_n(height)}"'
            f' patternUnits="userSpaceOnUse">{markup}</pattern>'
        )
        return f"url(#{name})"

    def svg(self) -> str:
        """The whole file."""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width}" height="{self.height}"'
            f' viewBox="0 0 {self.width} {self.height}"><defs>{"".join(self._defs)}</defs>'
            f"{''.join(self._body)}</svg>\n"
        )

    def _gradient(self, opening: str, closing: str, colours: Sequence[str]) -> str:
        name = f"l{len(self._defs)}"
        last = max(1, len(colours) - 1)
        stops = "".join(
            f'<stop offset="{_n(index / last)}" stop-color="{colour}"/>'
            for index, colour in enumerate(colours)
        )
        head, _, attributes = opening.partition(" ")
        self._defs.append(f'<{head} id="{name}" {attributes}>{stops}</{closing}>')
        return f"url(#{name})"


def mix(one: str, other: str, share: float) -> str:
    """`share` (0–1) of the other colour in the one; both as #rrggbb."""
    channels = (
        round(int(one[at : at + 2], 16) * (1 - share) + int(other[at : at + 2], 16) * share)
        for at in (1, 3, 5)
    )
    return "#" + "".join(f"{channel:02x}" for channel in channels)


def lighter(colour: str, share: float) -> str:
    """Towards white."""
    return mix(colour, "#ffffff", share)


def darker(colour: str, share: float) -> str:
    """Towards a warm black."""
    return mix(colour, "#1d1a24", share)


def _n(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".")


def _opacity(opacity: float) -> str:
    return "" if opacity == 1 else f' opacity="{opacity:.2f}"'
