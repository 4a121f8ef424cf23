"""The contract: complete, described, and the one that is committed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import strawberry
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    is_introspection_type,
    parse,
    validate,
)
from strawberry.types.base import StrawberryObjectDefinition

from app.availability.calendar import Night
from app.bookings.queries import BookingRow, ChangeRow, StayRow
from app.gazetteer.places import Box, Place
from app.identity.factors import Factors
from app.identity.queries import HostDetailsRow, PasskeyRow, SessionRow, SignInEventRow, UserRow
from app.money import Money
from app.payments.queries import PaymentRow
from app.payouts.queries import PayoutAccountRow, PayoutItemRow, PayoutRow
from app.pricing.rules import Guests
from app.privacy.blockers import Blocker
from app.privacy.queries import DataExportRow
from app.properties.queries import CoHostRow, GuideRow, PhotoRow, PropertyRow, TranslationRow
from app.reviews.queries import ReviewRow
from app.saved.queries import SavedSearchRow, SharedWishlist, View, WishlistItemRow, WishlistRow
from schema.bookings.subscriptions import Update
from schema.bookings.types import Preview
from schema.build import sdl
from schema.money import LineRow
from schema.paging import Connection, Edge, PageInfo
from schema.properties.amenities import AmenityRow, CategoryRow
from schema.properties.types import Property
from schema.quotes import QuoteRow
from schema.transport.schema import Schema
from tests.journeys import operations

ROOT = Path(__file__).resolve().parent.parent.parent

# What stands behind the types that are not made by their resolvers themselves.
ROWS = {
    "Area": Box,
    "AvailabilityNight": Night,
    "Booking": BookingRow,
    "BookingHistoryEntry": ChangeRow,
    "BookingStatusUpdate": Update,
    "AmenityCategory": CategoryRow,
    "CancellationPreview": Preview,
    "CataloguedAmenity": AmenityRow,
    "CheckInGuide": GuideRow,
    "HouseRules": PropertyRow,
    "PropertyTranslation": TranslationRow,
    "CoHost": CoHostRow,
    "HostedStay": StayRow,
    "DataExport": DataExportRow,
    "DeletionBlocker": Blocker,
    "Guests": Guests,
    "HostDetails": HostDetailsRow,
    "LineItem": LineRow,
    "Location": PropertyRow,
    "Money": Money,
    "PageInfo": PageInfo,
    "Payment": PaymentRow,
    "Payout": PayoutRow,
    "PayoutAccount": PayoutAccountRow,
    "PayoutItem": PayoutItemRow,
    "Photo": PhotoRow,
    "Place": Place,
    "Property": PropertyRow,
    "Quote": QuoteRow,
    "Review": ReviewRow,
    "Passkey": PasskeyRow,
    "SecondFactor": Factors,
    "SignInEvent": SignInEventRow,
    "SignInSession": SessionRow,
    "SavedSearch": SavedSearchRow,
    "SharedWishlist": SharedWishlist,
    "SharedWishlistItem": WishlistItemRow,
    "User": UserRow,
    "ViewedProperty": View,
    "Wishlist": WishlistRow,
    "WishlistItem": WishlistItemRow,
}


def members(schema: Schema) -> Iterator[tuple[str, Any]]:
    """Everything in the schema that can have a description, by its place."""
    for name, kind in schema._schema.type_map.items():
        if is_introspection_type(kind):
            continue
        yield name, kind
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for field_name, field in kind.fields.items():
                yield f"{name}.{field_name}", field
                for argument_name, argument in field.args.items():
                    yield f"{name}.{field_name}({argument_name})", argument
        elif isinstance(kind, GraphQLInputObjectType):
            for field_name, input_field in kind.fields.items():
                yield f"{name}.{field_name}", input_field
        elif isinstance(kind, GraphQLEnumType):
            for value_name, value in kind.values.items():
                yield f"{name}.{value_name}", value


def test_every_member_is_described(whole_schema: Schema) -> None:
    silent = [place for place, member in members(whole_schema) if not member.description]
    assert silent == []


def test_the_committed_schema_is_the_code_s() -> None:
    assert (ROOT / "schema.graphql").read_text() == sdl()


def test_a_changed_resolver_changes_the_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    """The drift test can fail: the SDL comes from the resolvers' own types."""
    definition: StrawberryObjectDefinition = Property.__strawberry_definition__  # type: ignore[attr-defined]
    field = next(each for each in definition.fields if each.python_name == "title")
    monkeypatch.setattr(field, "type_annotation", strawberry.annotation.StrawberryAnnotation(int))
    assert (ROOT / "schema.graphql").read_text() != sdl()


@pytest.mark.parametrize(
    "name", [name for name, text in vars(operations).items() if name.isupper() and name != "ROOT"]
)
def test_the_clients_operations_are_valid(whole_schema: Schema, name: str) -> None:
    assert validate(whole_schema._schema, parse(getattr(operations, name))) == []


def test_plain_fields_are_attributes_of_their_rows(whole_schema: Schema) -> None:
    """A type only declares what its row has: a typing error there shows here, not to a client."""
    wrong = []
    for name, kind in whole_schema._schema.type_map.items():
        if not isinstance(kind, GraphQLObjectType) or is_introspection_type(kind):
            continue
        row: type | None = ROWS.get(name)
        if name.endswith("Connection"):
            row = Connection
        elif name.endswith("Edge"):
            row = Edge
        definition = kind.extensions["strawberry-definition"]
        for field in definition.fields:
            if field.base_resolver is not None:
                continue
            if row is None:
                # Made by its resolver: the dataclass itself has the attribute.
                row = definition.origin
            assert row is not None
            if not hasattr(row, field.python_name) and field.python_name not in getattr(
                row, "__dataclass_fields__", ()
            ):
                wrong.append(f"{name}.{field.python_name}")
    assert wrong == []
