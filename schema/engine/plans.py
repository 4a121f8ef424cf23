"""Plans: which operations have one, and how many are kept."""

from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Any, TypeAlias

from graphql import (
    DirectiveNode,
    FragmentDefinitionNode,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    VariableNode,
    Visitor,
    visit,
)
from graphql.execution import Executor
from graphql.execution.collect_fields import FieldDetails
from graphql.execution.values import VariableValues
from strawberry.types import Info

from schema.engine.abandon import Plain
from schema.engine.compiler import Compiler, Complete, Unsupported
from schema.engine.infos import info_maker
from schema.engine.inputs import Inputs
from schema.engine.run import MakeExecutor, Run

CONDITIONS = ("include", "skip")
Compile: TypeAlias = "Callable[[Engine, Executor[Any]], Complete]"


class Plan:
    """How to answer one selection: for a whole operation, or for a mutation's field."""

    __slots__ = ("complete", "hopeless", "learned")

    def __init__(self, complete: Complete, learned: int) -> None:
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
        self.make_info = info_maker(self.strawberry.config.info_class if self.strawberry else Info)
        self.handles_exceptions = bool(getattr(self.strawberry, "exception_handlers", ()))
        self._size = size
        self._choices = 8
        self._longest = longest
        self._entries: OrderedDict[int, Entry] = OrderedDict()

    def __len__(self) -> int:
        """How many plans are kept."""
        return sum(len(entry.plans) for entry in self._entries.values())

    def begin(
        self,
        operation: OperationDefinitionNode,
        variables: VariableValues,
        context: Any,
        root: Any,
        executor: MakeExecutor,
    ) -> Run | None:
        """Answer a query, or an event of a subscription, as far as that needs no waiting.

        While the run is `waiting`, `finish` has to be awaited; then it has its `answer`. None:
        graphql-core has to answer. `executor` makes its executor, when that is needed.
        """
        plan = self._plan(operation, None, variables, executor, _compile_root)
        if plan is None:
            return None
        return self._begin(Run(self, plan, variables, context, executor), root)

    def begin_field(
        self,
        executor: Executor[Any],
        parent: GraphQLObjectType,
        details: list[FieldDetails],
        value: Any,
    ) -> Run | None:
        """The same for what a mutation's field returned."""

        def compiled(engine: Engine, executor: Executor[Any]) -> Complete:
            return _compile_field(engine, executor, parent, details)

        node, variables = details[0].node, executor.variable_values
        key = (node.alias or node.name).value
        plan = self._plan(executor.operation, key, variables, lambda: executor, compiled)
        if plan is None:
            return None
        run = Run(self, plan, variables, executor.context_value, lambda: executor)
        return self._begin(run, value)

    async def finish(self, run: Run) -> bool:
        """Wait for all that a run waits for. False: graphql-core has to answer."""
        try:
            await run.finish()
        except Exception:
            self._abandon(run)
            return False
        self.counts["fast"] += 1
        return True

    def _begin(self, run: Run, value: Any) -> Run | None:
        try:
            run.begin(value)
        except Exception:
            self._abandon(run)
            return None
        if not run.waiting:
            self.counts["fast"] += 1
        return run

    def _abandon(self, run: Run) -> None:
        self.counts["abandoned"] += 1
        run.plan.hopeless = run.abandoned

    def _plan(
        self,
        operation: OperationDefinitionNode,
        field: str | None,
        variables: VariableValues,
        executor: MakeExecutor,
        compiled: Compile,
    ) -> Plan | None:
        """For an operation, or for what a field of a mutation returned."""
        plan = self._find_plan(operation, field, variables, executor, compiled)
        if plan is None:
            self.counts["unsupported"] += 1
        return plan

    def _find_plan(
        self,
        operation: OperationDefinitionNode,
        field: str | None,
        variables: VariableValues,
        executor: MakeExecutor,
        compiled: Compile,
    ) -> Plan | None:
        entry = self._entry(operation, executor)
        if entry is None or entry.conditions is None:
            return None
        values = variables.coerced
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
            plan = Plan(compiled(self, executor()), len(self.slow_resolvers))
        except Exception:
            # Also what Python's compiler raises for code that is nested too deeply.
            plan = None
        entry.plans[choice] = plan
        if len(entry.plans) > self._choices:
            entry.plans.popitem(last=False)
        return plan

    def _entry(self, operation: OperationDefinitionNode, executor: MakeExecutor) -> Entry | None:
        entry = self._entries.get(id(operation))
        if entry is not None:
            self._entries.move_to_end(id(operation))
            return entry
        # A tree is some fifty times as large as its text: long texts would make the cache big.
        if operation.loc is None or len(operation.loc.source.body) > self._longest:
            return None
        entry = Entry(operation, executor().fragment_definitions)
        self._entries[id(operation)] = entry
        if len(self._entries) > self._size:
            self._entries.popitem(last=False)
        return entry


def _compile_root(engine: Engine, executor: Executor[Any]) -> Complete:
    """Raises Unsupported, and what Python's compiler raises for code that is nested too deeply."""
    root_type = executor.schema.get_root_type(executor.operation.operation)
    if root_type is None:
        raise Unsupported
    return Compiler(engine, executor).root(root_type)


def _compile_field(
    engine: Engine,
    executor: Executor[Any],
    parent: GraphQLObjectType,
    details: list[FieldDetails],
) -> Complete:
    """As `_compile_root`, for the value of a field."""
    return Compiler(engine, executor).field(parent, details)


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
