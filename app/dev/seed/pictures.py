"""The demo's pictures: which scenes a listing shows, drawn and written below the media folder."""

from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

from app.dev.seed.art import rooms, views
from app.dev.seed.art.canvas import Canvas
from app.dev.seed.art.facades import facade
from app.dev.seed.art.palettes import PALETTES, Palette
from app.dev.seed.art.portraits import portrait
from app.dev.seed.catalogue import HEIGHT, WIDTH, Listing, Offer, picture_name
from app.dev.seed.people import Resident
from db.enums import Amenity, PropertyType

Scene = Callable[[Canvas, Random, Palette], None]


def captions(listing: Listing) -> list[str]:
    """What each of a listing's pictures shows, in order."""
    return [caption for caption, _ in scenes(listing)]


def scenes(listing: Listing) -> list[tuple[str, Scene]]:
    """Three to six pictures: the front, the rooms, and what lies outside."""

    def front(c: Canvas, random: Random, palette: Palette) -> None:
        facade(c, random, palette, listing.type)

    found: list[tuple[str, Scene]] = [("From outside", front)]
    bedrooms = listing.rooms[0]
    if bedrooms or listing.guests > 1:
        found.append(("Living room", rooms.living))
    found.append(("Bedroom", rooms.bedroom))
    if listing.type is not PropertyType.GUESTHOUSE and listing.rooms[1] > 1:
        found.append(("Kitchen", rooms.kitchen))
    if listing.guests >= 4:
        found.append(("Bathroom", rooms.bathroom))
    amenities = set(listing.amenities)
    if Amenity.POOL in amenities:
        found.append(("Pool", views.pool))
    elif Amenity.GARDEN in amenities:
        found.append(("Garden", views.garden))
    else:
        found.append(("The view", views.view))
    return found[:6]


def hang(folder: Path, offers: Sequence[Offer], residents: Sequence[Resident]) -> int:
    """Write every picture; returns how many. The same listing always looks the same."""
    count = 0
    for offer in offers:
        palette = PALETTES[offer.city.country]
        for position, (_, scene) in enumerate(scenes(offer.listing)):
            name = picture_name(offer.listing, position)
            canvas = Canvas(WIDTH, HEIGHT)
            scene(canvas, Random(name), palette)
            _write(folder / name, canvas.svg())
            count += 1
    for resident in residents:
        name = resident.person.username
        _write(folder / "people" / f"{name}.svg", _face(resident))
    return count + len(residents)


def _face(resident: Resident) -> str:
    person = resident.person
    return portrait(Random(person.username), person.skin, person.hair)


def _write(path: Path, content: str) -> None:
    """Whole or not at all: the API may serve it meanwhile."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(content)
    fresh.replace(path)
