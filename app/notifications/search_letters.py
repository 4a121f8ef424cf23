"""The words of the letter about a saved search."""

from app.money import printed
from app.notifications.facts import FoundPlace, NewMatches
from app.notifications.formats import count, plain
from app.notifications.letters import Letter, Links, Row


def new_matches(found: NewMatches, total: int, unsubscribe_url: str, links: Links) -> Letter:
    """To somebody whose search has found `total` places that it had not found before."""
    name, places = plain(found.name, 60), count(total, "new place")
    others = total - len(found.places)
    more = (f"And {count(others, 'other')}.",) if others > 0 else ()
    return Letter(
        kind="new_matches",
        subject=f"{places} for “{name}”",
        heading=f"{places} for you, {plain(found.person.first_name)}",
        paragraphs=(f"Your saved search “{name}” has found what it had not found before.", *more),
        details=tuple(Row(*_line(place)) for place in found.places),
        button=links.button("See them all", "/saved-searches"),
        note="Each place is told once. Prices are of a usual night.",
        unsubscribe_url=unsubscribe_url,
    )


def _line(place: FoundPlace) -> tuple[str, str]:
    price = printed(place.price_minor, place.currency)
    return price, f"{plain(place.title)}, {plain(place.city)}"
