"""What to ask so that every field is reached, made from the schema itself."""

from datetime import timedelta

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLUnionType,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_required_argument,
)

from app import clock
from schema.find import FINDERS
from tests.schema.matrix.world import BOOKED

# A field that is asked for once more, with every value of the enumerations that it filters by.
EVERY = "every_"
TODAY = clock.now().date


def selection(kind: GraphQLObjectType, hops: int) -> str:
    """All fields of a type, and of what they lead to, over `hops` objects that have an id."""
    parts = []
    for name, field in kind.fields.items():
        below = selected(get_named_type(field.type), hops - 1)
        parts.append(f"{name}{arguments(kind, name, field)}{below}")
        if hops > 1 and (filters := every_value(field)):
            parts.append(f"{EVERY}{name}: {name}({filters}){below}")
    return " ".join(parts)


def selected(kind: GraphQLNamedType, hops: int) -> str:
    """The selection of a field with this type; empty for what is a value itself."""
    if is_leaf_type(kind):
        return ""
    if isinstance(kind, GraphQLUnionType):
        members = (f"... on {each.name} {selected(each, hops)}" for each in kind.types)
        return f" {{ __typename {' '.join(members)} }}"
    if isinstance(kind, GraphQLInterfaceType):
        return " { __typename id }"
    assert isinstance(kind, GraphQLObjectType)
    if kind.name not in FINDERS:
        # A value, a list or one of its places: part of what it belongs to.
        return f" {{ {selection(kind, hops + 1)} }}"
    return f" {{ {selection(kind, hops)} }}" if hops > 0 else " { id }"


def arguments(kind: GraphQLObjectType, name: str, field: GraphQLField) -> str:
    """What a field cannot do without. KeyError for one that nobody has given an example for."""
    if (kind.name, name) in WANTED:
        return f"({WANTED[kind.name, name]})"
    if not any(is_required_argument(each) for each in field.args.values()):
        return ""
    return f"({EXAMPLES[kind.name, name]})"


def every_value(field: GraphQLField) -> str:
    """The arguments that filter by an enumeration, each with all of its values."""
    found = []
    for name, argument in field.args.items():
        wanted, named = get_nullable_type(argument.type), get_named_type(argument.type)
        if isinstance(wanted, GraphQLList) and isinstance(named, GraphQLEnumType):
            found.append(f"{name}: [{', '.join(named.values)}]")
    return ", ".join(found)


# Without these, which it could do without, a field shows nothing.
WANTED = {("Booking", "alterationPreview"): "guests: {adults: 1}"}
EXAMPLES = {
    ("Money", "converted"): 'to: "USD"',
    ("User", "hostStatement"): f'month: "{BOOKED:%Y-%m}", currency: "EUR"',
    ("Property", "pricePreview"): f'from: "{TODAY()}", to: "{TODAY() + timedelta(days=2)}"',
    ("PropertySearchSummary", "clusters"): "zoom: 3",
    ("Property", "availability"): f'from: "{TODAY()}", to: "{TODAY() + timedelta(days=2)}"',
    ("Property", "stays"): (
        f'from: "{TODAY() - timedelta(days=99)}", to: "{TODAY() + timedelta(days=99)}"'
    ),
}
