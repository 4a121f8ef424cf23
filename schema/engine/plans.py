"""Plans: which operations have one, and how many are kept."""

from collections import Counter, OrderedDict
from typing import Any

from graphql import (
    DirectiveNode,
    FragmentDefinitionNode,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    VariableNode,
    Visitor,
    visit,
)
from graphql.execution import Executor
from graphql.execution.collect_fields import FieldDetails
from strawberry.types import Info

from schema.engine.abandon import Plain
from schema.engine.compiler import Complete, compile_field, compile_root
from schema.engine.inputs import Inputs
from schema.engine.run import Run

CONDITIONS = ("include", "skip")


class Plan:
    """How to answer one selection: for a whole operation, or for a mutation's field."""

    __slots__ = ("complete", "hopeless", "key", "learned")

    def __init__(self, key: str, complete: Complete, learned: int) -> None:
        self.key = key
        self.complete = complete
        # How much was known of resolvers when it was made.
        self.learned = learned
        # A resolver asked for what no plan knows, whatever the data: do not try again.
        self.hopeless = False


class Entry:
    """What is kept of one operation. Holds on to its tree, whose identity is the key."""

    __slots__ = ("conditions", "operation", "plans")

    def __init__(
        self, operation: OperationDefinitionNode, fragments: dict[str, FragmentDefinitionNode]
    ) -> None:
        self.operation = operation
        scan = _Scan()
        for node in (operation, *fragments.values()):
            visit(node, scan)
        # Variables that decide which fields there are; None: something that no plan knows of.
        if any(node.variable_definitions for node in fragments.values()):
            scan.unknown = True
        self.conditions = None if scan.unknown else tuple(sorted(scan.variables))
        self.plans: OrderedDict[tuple[Any, ...], Plan | None] = OrderedDict()


class Engine:
    """Plans for one schema. At most `size` operations' are kept, the most recently used.

    `counts` tells how operations were answered: `fast`, `unsupported` (no plan can be made),
    `abandoned` (tried, then handed to graphql-core).
    """

    def __init__(self, schema: GraphQLSchema, *, size: int = 256, longest: int = 16 * 1024) -> None:
        self.schema = schema
        self.counts: Counter[str] = Counter()
        self.plain = Plain()
        # By object type: classes of values that are known to be of it.
        self.kinds: dict[str, set[type]] = {}
        # Resolvers that returned awaitables, though nothing had said so, by identity.
        self.slow_resolvers: set[int] = set()
        self.strawberry: Any = getattr(schema, "_strawberry_schema", None)
        self.inputs = Inputs(self.strawberry.schema_converter if self.strawberry else None)
        self.info_class: Any = self.strawberry.config.info_class if self.strawberry else Info
        self.handles_exceptions = bool(getattr(self.strawberry, "exception_handlers", ()))
        self._size = size
        self._choices = 8
        self._longest = longest
        self._entries: OrderedDict[int, Entry] = OrderedDict()

    def __len__(self) -> int:
        """How many plans are kept."""
        return sum(len(entry.plans) for entry in self._entries.values())

    def plan(self, executor: Executor[Any]) -> Plan | None:
        """For a query or an event of a subscription; None: no plan can be made."""
        return self._plan(executor, None, lambda: compile_root(self, executor))

    def plan_field(
        self, executor: Executor[Any], parent: GraphQLObjectType, details: list[FieldDetails]
    ) -> Plan | None:
        """For what a mutation's field returned."""
        node = details[0].node
        key = (node.alias or node.name).value
        return self._plan(executor, key, lambda: compile_field(self, executor, parent, details))

    def abandon(self, plan: Plan, run: Run) -> None:
        """Note that graphql-core has to answer instead."""
        self.counts["abandoned"] += 1
        plan.hopeless = run.abandoned

    def _plan(self, executor: Executor[Any], field: str | None, make: Any) -> Plan | None:
        entry = self._entry(executor)
        if entry is None or entry.conditions is None:
            return None
        values = executor.variable_values.coerced
        choice = (field, *[values.get(name) for name in entry.conditions])
        try:
            plan = entry.plans[choice]
            if plan is None or plan.hopeless:
                return None
            if plan.learned == len(self.slow_resolvers):
                return plan
        except KeyError:
            pass
        try:
            plan = Plan(field or "data", make(), len(self.slow_resolvers))
        except Exception:
            # Also what Python's compiler raises for code that is nested too deeply.
            plan = None
        entry.plans[choice] = plan
        if len(entry.plans) > self._choices:
            entry.plans.popitem(last=False)
        return plan

    def _entry(self, executor: Executor[Any]) -> Entry | None:
        operation = executor.operation
        entry = self._entries.get(id(operation))
        if entry is not None:
            self._entries.move_to_end(id(operation))
            return entry
        # A tree is some fifty times as large as its text: long texts would make the cache big.
        if operation.loc is None or len(operation.loc.source.body) > self._longest:
            return None
        entry = Entry(operation, executor.fragment_definitions)
        self._entries[id(operation)] = entry
        if len(self._entries) > self._size:
            self._entries.popitem(last=False)
        return entry


def is_query(executor: Executor[Any]) -> bool:
    """Whether the whole operation may be run twice."""
    return executor.operation.operation is not OperationType.MUTATION


class _Scan(Visitor):
    """Finds the variables of conditions, and directives that are none."""

    def __init__(self) -> None:
        super().__init__()
        self.variables: set[str] = set()
        self.unknown = False

    def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
        if node.name.value not in CONDITIONS:
            self.unknown = True
            return
        for argument in node.arguments or ():
            if isinstance(argument.value, VariableNode):
                self.variables.add(argument.value.name.value)
