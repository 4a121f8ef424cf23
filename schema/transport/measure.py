"""The size of a document, found in one walk before the specification's rules are run.

The walk merges selections as execution will: fields with one response key are taken together,
and fragments are followed wherever they are spread. It stops at the first bound that is passed,
so that a document whose fragments repeat each other a billion times costs no more than one of
`Limits.selections` fields. Type conditions and `@skip`/`@include` are ignored: the sizes are
upper bounds.

The cost of an operation is the number of fields it may resolve. A field counts 1, or what its
`cost` says (in the metadata of a Strawberry field). What lies below a list counts as often as the
list is long: its own `first` or `last`, else that of the field above it (`properties(first: 20)
{ edges { … } }` multiplies the edges by 20), else `Limits.list_size`. A page's size given by a
variable is filled in per request.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLInputType,
    GraphQLInt,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_list_type,
)
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.field import StrawberryField

from schema.transport.errors import (
    BAD_USER_INPUT,
    INTROSPECTION_DISABLED,
    OPERATION_TOO_COMPLEX,
    Presented,
    Refused,
    refusal,
)
from schema.transport.limits import Limits

PAGE_ARGUMENTS = ("first", "last")
INTROSPECTION_FIELDS = ("__schema", "__type")


class PageVariable(NamedTuple):
    """A page size that the request's variables decide; `fallback` when they leave it null."""

    name: str
    fallback: int


class Cost(NamedTuple):
    """Fields that an operation may resolve: `fixed`, and some per item of variable pages."""

    fixed: int = 0
    paged: tuple[tuple[PageVariable, "Cost"], ...] = ()

    def times(self, count: int) -> "Cost":
        return Cost(
            self.fixed * count, tuple((page, cost.times(count)) for page, cost in self.paged)
        )

    def plus(self, other: "Cost") -> "Cost":
        return Cost(self.fixed + other.fixed, self.paged + other.paged)

    def total(self, variables: Mapping[str, Any]) -> int:
        """The cost with the request's (coerced) variables."""
        return self.fixed + sum(
            page_size(page, variables) * cost.total(variables) for page, cost in self.paged
        )


class Measured(NamedTuple):
    """What is left to check per request: the cost, and which variables are page sizes."""

    cost: Cost
    pages: frozenset[PageVariable]


class _Part(NamedTuple):
    parent: GraphQLNamedType | None
    selections: SelectionSetNode


class _Place(NamedTuple):
    """Where the walk is: `page` is the page size that the field above was asked for."""

    depth: int
    page: "int | PageVariable | None" = None
    introspection: bool = False


def page_size(page: PageVariable, variables: Mapping[str, Any]) -> int:
    value = variables.get(page.name)
    return page.fallback if value is None else int(value)


def measure(
    schema: GraphQLSchema, document: DocumentNode, limits: Limits, *, introspection: bool
) -> list[Measured]:
    """Measure each operation of `document`, in the document's order.

    Raises Refused when a limit is passed, or when introspection is off and asked for.
    """
    walk = _Walk(schema, document, limits, introspection)
    measured = [
        walk.operation(definition)
        for definition in document.definitions
        if isinstance(definition, OperationDefinitionNode)
    ]
    walk.unused_fragments()
    return measured


def weight(definition: GraphQLField | None) -> int:
    """What a field costs by itself."""
    declared = definition and definition.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    return int(declared.metadata.get("cost", 1)) if isinstance(declared, StrawberryField) else 1


def too_complex(limit: str, maximum: int, nodes: Any = None) -> Presented:
    """The error for a limit that was passed; `limit` is named as in `Limits`."""
    return refusal(
        OPERATION_TOO_COMPLEX,
        f"The operation is too complex: the limit of {limit.replace('_', ' ')} is {maximum}.",
        nodes,
        limit=limit,
        maximum=maximum,
    )


def page_error(argument: str, maximum: int, nodes: Any = None) -> Presented:
    """The error for a page size outside of 0 … maximum."""
    message = f"'{argument}' must be between 0 and {maximum}."
    return refusal(BAD_USER_INPUT, message, nodes, argument=argument, maximum=maximum)


class _Walk:
    def __init__(
        self, schema: GraphQLSchema, document: DocumentNode, limits: Limits, introspection: bool
    ) -> None:
        self.schema = schema
        self.limits = limits
        self.introspection = introspection
        self.fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self.used: set[str] = set()
        self.counts = {"selections": 0, "aliases": 0, "merged_pairs": 0}
        self.pages: set[PageVariable] = set()

    def operation(self, node: OperationDefinitionNode) -> Measured:
        self.pages = set()
        root = self.schema.get_root_type(node.operation)
        part = _Part(root, node.selection_set)
        if len(self.groups([part])) > self.limits.root_fields:
            raise Refused(too_complex("root_fields", self.limits.root_fields, node))
        cost = self.selections([part], _Place(depth=1))
        return Measured(cost, frozenset(self.pages))

    def unused_fragments(self) -> None:
        """Measure what no operation reaches: validation still looks at it."""
        for name, fragment in self.fragments.items():
            if name not in self.used:
                part = _Part(self.named_type(fragment), fragment.selection_set)
                self.selections([part], _Place(depth=1))

    def selections(self, parts: list[_Part], place: _Place) -> Cost:
        total = Cost()
        for fields in self.groups(parts).values():
            total = total.plus(self.field(fields, place))
        return total

    def field(self, fields: list[tuple[GraphQLNamedType | None, FieldNode]], place: _Place) -> Cost:
        parent, node = fields[0]
        name = node.name.value
        if place.depth > self.limits.depth and not place.introspection:
            raise Refused(too_complex("depth", self.limits.depth, node))
        self.count("merged_pairs", len(fields) * (len(fields) - 1) // 2, node)
        self.count("aliases", sum(1 for _, each in fields if each.alias), node)
        if name in INTROSPECTION_FIELDS and not self.introspection:
            message = "Introspection is not allowed here."
            raise Refused(refusal(INTROSPECTION_DISABLED, message, node))

        definition = self.definition(parent, name)
        page = self.page(definition, node)
        kind = get_named_type(definition.type) if definition else None
        below = _Place(place.depth + 1, page, place.introspection or name in INTROSPECTION_FIELDS)
        parts = [_Part(kind, each.selection_set) for _, each in fields if each.selection_set]
        cost = self.selections(parts, below) if parts else Cost()
        if below.introspection:
            return Cost(1)
        return Cost(weight(definition)).plus(self.multiplied(cost, definition, page, place.page))

    def multiplied(
        self,
        cost: Cost,
        definition: GraphQLField | None,
        own: int | PageVariable | None,
        inherited: int | PageVariable | None,
    ) -> Cost:
        if definition is None or not is_list_type(get_nullable_type(definition.type)):
            return cost
        page = next((p for p in (own, inherited) if p is not None), self.limits.list_size)
        if isinstance(page, PageVariable):
            return Cost(0, ((page, cost),)) if cost != Cost() else cost
        return cost.times(page)

    def groups(
        self, parts: Iterable[_Part]
    ) -> dict[str, list[tuple[GraphQLNamedType | None, FieldNode]]]:
        """The fields of `parts` by response key, fragments followed, each once."""
        groups: dict[str, list[tuple[GraphQLNamedType | None, FieldNode]]] = {}
        seen: set[str] = set()
        stack = list(parts)
        while stack:
            parent, selection_set = stack.pop()
            for node in selection_set.selections:
                self.count("selections", 1, node)
                if isinstance(node, FieldNode):
                    key = (node.alias or node.name).value
                    groups.setdefault(key, []).append((parent, node))
                elif isinstance(node, InlineFragmentNode):
                    kind = self.named_type(node) if node.type_condition else parent
                    stack.append(_Part(kind, node.selection_set))
                elif isinstance(node, FragmentSpreadNode) and node.name.value not in seen:
                    seen.add(node.name.value)
                    fragment = self.fragments.get(node.name.value)
                    if fragment is not None:
                        self.used.add(node.name.value)
                        stack.append(_Part(self.named_type(fragment), fragment.selection_set))
        return groups

    def page(self, definition: GraphQLField | None, node: FieldNode) -> int | PageVariable | None:
        """The page size that `node` asks for, or would get; None when it takes none."""
        if definition is None:
            return None
        taken = [name for name in PAGE_ARGUMENTS if _is_int(definition.args.get(name))]
        if not taken:
            return None
        defaults = (definition.args[name].default_value for name in taken)
        fallback = next((d for d in defaults if isinstance(d, int)), self.limits.page_size)
        for argument in node.arguments or ():
            if argument.name.value not in taken:
                continue
            if isinstance(argument.value, VariableNode):
                page = PageVariable(argument.value.name.value, fallback)
                self.pages.add(page)
                return page
            if isinstance(argument.value, IntValueNode):
                size = int(argument.value.value[:12])
                if not 0 <= size <= self.limits.page_size:
                    raise Refused(page_error(argument.name.value, self.limits.page_size, node))
                return size
        return fallback

    def definition(self, parent: GraphQLNamedType | None, name: str) -> GraphQLField | None:
        if parent is None or not is_composite_type(parent):
            return None
        return self.schema.get_field(parent, name)

    def named_type(
        self, node: FragmentDefinitionNode | InlineFragmentNode
    ) -> GraphQLNamedType | None:
        condition = node.type_condition
        return self.schema.get_type(condition.name.value) if condition else None

    def count(self, limit: str, amount: int, node: Any) -> None:
        self.counts[limit] += amount
        maximum: int = getattr(self.limits, limit)
        if self.counts[limit] > maximum:
            raise Refused(too_complex(limit, maximum, node))


def _is_int(argument: Any) -> bool:
    kind: GraphQLInputType | None = argument and argument.type
    return kind is not None and get_nullable_type(kind) is GraphQLInt
