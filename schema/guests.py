"""Who comes to stay."""

import strawberry

from app.pricing.rules import Guests as Count


@strawberry.type(description="Who comes to stay.")
class Guests:
    adults: int = strawberry.field(description="Grown-ups.")
    children: int = strawberry.field(description="Children of two years and more.")
    infants: int = strawberry.field(
        description="Children under two: they cost nothing and do not count as guests."
    )
    pets: int = strawberry.field(description="Pets.")


@strawberry.input(description="Who comes to stay.")
class GuestsInput:
    adults: int = strawberry.field(default=1, description="Grown-ups; at least one.")
    children: int = strawberry.field(default=0, description="Children of two years and more.")
    infants: int = strawberry.field(
        default=0, description="Children under two: they cost nothing and do not count as guests."
    )
    pets: int = strawberry.field(default=0, description="Pets.")

    def value(self) -> Count:
        return Count(
            adults=self.adults, children=self.children, infants=self.infants, pets=self.pets
        )
