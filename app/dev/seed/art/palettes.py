"""The colours of each city."""

from random import Random

import msgspec


class Palette(msgspec.Struct, frozen=True, kw_only=True):
    """What a city looks like. Skies go from the zenith to the horizon."""

    style: str
    skies: tuple[tuple[str, str, str], ...]
    walls: tuple[str, ...]
    trims: tuple[str, ...]
    roof: str
    ground: str
    leaf: str
    blossom: tuple[str, ...]
    water: str
    timber: str
    fabrics: tuple[str, ...]
    indoors: tuple[str, ...]


PALETTES = {
    "PT": Palette(
        style="lisbon",
        skies=(
            ("#6fb7e0", "#b9dff0", "#fdf0d8"),
            ("#4f9fd8", "#9fd2ef", "#e8f5f7"),
            ("#6a74b8", "#f0a48b", "#fbd9a0"),
        ),
        walls=("#f4d9a0", "#f2b8a0", "#cfe0e8", "#f6efe2", "#e8c07a", "#e9a58c", "#bcd7d0"),
        trims=("#2f6f8f", "#356a52", "#8a3b35", "#3f5c8c"),
        roof="#c8643f",
        ground="#d9d2c5",
        leaf="#5d8a4f",
        blossom=("#e0527a", "#f0c23a", "#b65fb0"),
        water="#5a9fc0",
        timber="#a9764a",
        fabrics=("#2f6f8f", "#d9824f", "#e3b04b", "#6f8f72"),
        indoors=("#f4ece0", "#e6eef0", "#f5e3d4", "#e9efe2"),
    ),
    "GH": Palette(
        style="accra",
        skies=(
            ("#4fa9d6", "#a8dbe8", "#fdeec6"),
            ("#e8895f", "#f7b977", "#fde3a8"),
            ("#3f8fc8", "#8fcbe6", "#e6f3ee"),
        ),
        walls=("#f0e2c8", "#e4a860", "#d97a55", "#f6f0e4", "#8fb9a8", "#f0c56a", "#c9d8d6"),
        trims=("#2e6b5a", "#b5442f", "#2b4f7a", "#7a4a2b"),
        roof="#b9573f",
        ground="#d8a878",
        leaf="#3f8f55",
        blossom=("#e0356f", "#f59a2f", "#f4d03a"),
        water="#2f9fa8",
        timber="#8a5a38",
        fabrics=("#d9632f", "#2e6b5a", "#e8b23a", "#7a3550"),
        indoors=("#f7efdf", "#f3e0c4", "#e3ece2", "#f6e6d6"),
    ),
    "JP": Palette(
        style="kyoto",
        skies=(
            ("#8fb8d0", "#cfe0e2", "#f8efe0"),
            ("#5f7fa8", "#c9a9b8", "#f6d3b8"),
            ("#9cc3d8", "#dbe9ea", "#f7f3e8"),
        ),
        walls=("#e9dfcc", "#d9c7a8", "#c8b48c", "#efe9dc", "#bfae93"),
        trims=("#4a3428", "#3a3a3c", "#5b4030"),
        roof="#5c646e",
        ground="#bdb8ac",
        leaf="#6f8f5a",
        blossom=("#f2b8c6", "#c8452f", "#e07a3a"),
        water="#6a9a9a",
        timber="#7a5638",
        fabrics=("#34506e", "#a8463a", "#7d8f5a", "#c9a24a"),
        indoors=("#f2ebdc", "#ece4d2", "#efe9e0"),
    ),
}


def sky(random: Random, palette: Palette) -> tuple[str, str, str]:
    """One of the city's skies."""
    return random.choice(palette.skies)
