"""What guests write: reviews and messages, put together from reviews.toml."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random

import msgspec

from app.dev.seed.catalogue import Offer

REVIEWS = Path(__file__).with_name("reviews.toml")
RATINGS = {5: 66, 4: 26, 3: 6, 2: 2}
Phrases = Mapping[str, Sequence[str]]


class Words(msgspec.Struct, frozen=True):
    """The file; keys of openings, grumbles and closings are ratings."""

    openings: Phrases
    details: Phrases
    grumbles: Phrases
    closings: Phrases
    messages: Phrases


def read() -> Words:
    """The phrases of reviews.toml."""
    return msgspec.toml.decode(REVIEWS.read_bytes(), type=Words)


def rating(random: Random) -> int:
    """A rating as guests give them: mostly the best."""
    return random.choices(list(RATINGS), list(RATINGS.values()))[0]


def review(random: Random, words: Words, stars: int, offer: Offer, host: str) -> str:
    """A comment that goes with the rating and with the place."""
    key = str(stars)
    parts = [random.choice(words.openings[key])]
    details = [*words.details["ANY"]]
    for amenity in offer.columns["amenities"]:
        details += words.details.get(amenity, ())
    parts += random.sample(details, random.choice((0, 1, 1, 2)) if stars >= 4 else 1)
    if stars < 5 and random.random() < 0.6:
        parts.append(random.choice(words.grumbles[key]))
    if random.random() < 0.7:
        parts.append(random.choice(words.closings[key]))
    return _filled(" ".join(parts), offer, host)


def message(random: Random, words: Words, offer: Offer, host: str) -> str:
    """What a guest writes along with a booking; may be empty."""
    return _filled(random.choice(words.messages["ANY"]), offer, host)


def _filled(text: str, offer: Offer, host: str) -> str:
    return text.format(host=host, area=offer.listing.area, city=offer.city.city)
