"""What the tests of bookings start from: a stay, and a property to spend it in."""

from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from app import clock
from app.actor import Actor
from app.ids import new_id
from tests.schema.face import Face, gid, person
from tests.support.world import add_host, add_property

TODAY = clock.now().date()
CHECK_IN = TODAY + timedelta(days=40)

ERROR = "... on Error { code message }"
QUOTE = f"""query ($input: QuoteInput!) {{ quote(input: $input) {{ __typename {ERROR}
  ... on Quote {{ count: nightCount checkIn checkOut guests {{ adults }} subtotal {{ amount }}
    total {{ amount currency }} averagePerNight {{ amount }} property {{ id }}
    lineItems {{ kind description quantity unitAmount {{ amount }} amount {{ amount }} }} }}
  ... on DatesUnavailableError {{ nights }}
  ... on StayNotAllowedError {{ reason }}
  ... on InvalidInputError {{ field }} }} }}"""


def stay(place: str, nights: int = 3, **more: Any) -> dict[str, Any]:
    return {
        "propertyId": place,
        "checkIn": str(CHECK_IN),
        "checkOut": str(CHECK_IN + timedelta(days=nights)),
        "guests": {"adults": 2},
    } | more


def booking_input(place: str, total: int = 336_00, **more: Any) -> dict[str, Any]:
    return (
        stay(place)
        | {
            "expectedTotal": {"amount": total, "currency": "EUR"},
            "idempotencyKey": new_id().hex,
        }
        | more
    )


async def rows(face: Face, model: Any) -> int:
    async with face.db.read() as connection:
        found = await connection.execute(select(func.count()).select_from(model))
    count: int = found.scalar_one()
    return count


async def let(face: Face, **columns: Any) -> tuple[str, Actor]:
    """A published property and its host."""
    host = await add_host(face.db)
    return gid("Property", await add_property(face.db, host, **columns)), person(host)
