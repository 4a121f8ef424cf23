"""Documents: parsed, measured and validated once, then kept."""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, NamedTuple

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    parse,
    specified_rules,
    validate,
)
from graphql.execution.collect_fields import FragmentDetails
from graphql.execution.values import VariableValues, get_variable_values
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from schema.transport.errors import (
    BAD_USER_INPUT,
    OPERATION_RESOLUTION_FAILURE,
    PARSE_FAILED,
    VALIDATION_FAILED,
    Refused,
    coded,
    refusal,
)
from schema.transport.limits import Limits
from schema.transport.measure import Measured, measure, page_error, page_size, too_complex
from schema.transport.variables import Coerce, coercion

# Strawberry adds the last two to every schema's rules; the tuple is built once because a rule
# made per request is a new rule each time, and nothing that depends on it can be kept.
RULES = (*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule)
MAX_ERRORS = 10


class Operation(NamedTuple):
    """One operation of a valid document."""

    node: OperationDefinitionNode
    measured: Measured
    # The document's, in the two forms in which graphql-core wants them.
    fragments: dict[str, FragmentDefinitionNode]
    fragment_details: dict[str, FragmentDetails]
    # Coerces its variables, if graphql-core does not have to.
    coerce: Coerce | None

    @property
    def type(self) -> OperationType:
        return self.node.operation

    @property
    def name(self) -> str | None:
        return self.node.name.value if self.node.name else None


class Document(NamedTuple):
    """A valid document."""

    ast: DocumentNode
    operations: tuple[Operation, ...]

    def operation(self, name: str | None) -> Operation:
        """The operation to run. Raises Refused when `name` does not single one out."""
        if name is None and len(self.operations) == 1:
            return self.operations[0]
        for operation in self.operations:
            if name is not None and operation.name == name:
                return operation
        message = (
            "The document has several operations: 'operationName' is needed."
            if name is None
            else f"The document has no operation named '{name[:100]}'."
        )
        raise Refused(refusal(OPERATION_RESOLUTION_FAILURE, message))


class Documents:
    """The documents of one schema. Only valid ones are kept, the most recently used.

    `hits` and `misses` count look-ups, for metrics and tests.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        limits: Limits,
        *,
        introspection: bool,
        size: int = 256,
        longest: int = 16 * 1024,
    ) -> None:
        self.hits = 0
        self.misses = 0
        self._schema = schema
        self._limits = limits
        self._introspection = introspection
        self._size = size
        # A tree is some fifty times as large as its text: long texts would make the cache big.
        self._longest = longest
        self._kept: OrderedDict[str, Document] = OrderedDict()

    def prepare(self, text: str) -> Document:
        """The document that `text` is. Raises Refused when it may not be run."""
        document = self._kept.get(text)
        if document is not None:
            self.hits += 1
            self._kept.move_to_end(text)
            return document
        self.misses += 1
        document = self._prepare(text)
        if len(text) <= self._longest:
            self._kept[text] = document
            if len(self._kept) > self._size:
                self._kept.popitem(last=False)
        return document

    def check(self, operation: Operation, variables: Mapping[str, Any] | None) -> VariableValues:
        """Check what depends on the request; the variables' values. Raises Refused."""
        coerced = self._coerced(operation, variables or {})
        values = coerced.coerced
        for page in operation.measured.pages:
            if not 0 <= page_size(page, values) <= self._limits.page_size:
                raise Refused(page_error(page.name, self._limits.page_size))
        if operation.measured.cost.total(values) > self._limits.cost:
            raise Refused(too_complex("cost", self._limits.cost, operation.node))
        return coerced

    def _coerced(self, operation: Operation, variables: Mapping[str, Any]) -> VariableValues:
        quickly = operation.coerce and operation.coerce(variables)
        if quickly is not None:
            return quickly
        coerced = get_variable_values(
            self._schema,
            operation.node.variable_definitions or (),
            dict(variables),
            max_errors=MAX_ERRORS,
            hide_suggestions=not self._introspection,
        )
        if isinstance(coerced, list):
            raise Refused(*(coded(error, BAD_USER_INPUT) for error in coerced))
        return coerced

    def _prepare(self, text: str) -> Document:
        ast = self._parse(text)
        measured = measure(self._schema, ast, self._limits, introspection=self._introspection)
        errors = validate(
            self._schema,
            ast,
            RULES,
            max_errors=MAX_ERRORS,
            hide_suggestions=not self._introspection,
        )
        if errors:
            raise Refused(*(coded(error, VALIDATION_FAILED) for error in errors))
        nodes = [node for node in ast.definitions if isinstance(node, OperationDefinitionNode)]
        for node in nodes:
            if self._schema.get_root_type(node.operation) is None:
                message = f"The schema has no {node.operation.value}s."
                raise Refused(refusal(VALIDATION_FAILED, message, node))
        fragments = {
            node.name.value: node
            for node in ast.definitions
            if isinstance(node, FragmentDefinitionNode)
        }
        details = {name: FragmentDetails(node) for name, node in fragments.items()}
        operations = (
            Operation(node, cost, fragments, details, coercion(self._schema, node))
            for node, cost in zip(nodes, measured, strict=True)
        )
        return Document(ast, tuple(operations))

    def _parse(self, text: str) -> DocumentNode:
        try:
            tokens = self._limits.tokens
            return parse(text, max_lexical_tokens=tokens, max_comments=tokens)
        except GraphQLError as error:
            if "Document contains more than" in error.message:
                raise Refused(too_complex("tokens", self._limits.tokens)) from None
            raise Refused(coded(error, PARSE_FAILED)) from None
