"""What resolvers are told of where they are: Strawberry's info, and graphql-core's beneath it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from strawberry.types import Info

from schema.engine.abandon import Abandoned, is_awaitable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from graphql import FieldNode

    from schema.engine.ahead import Selection
    from schema.engine.fields import Field
    from schema.engine.run import Run

MakeInfo: TypeAlias = "Callable[[Run, Field], Any]"


class RawInfo:
    """graphql-core's info, one for all parents of a level: only the path is not known.

    Asking for the path abandons the attempt, whatever the resolver makes of the exception.
    """

    __slots__ = ("_field", "_run", "context")

    def __init__(self, run: "Run", field: "Field") -> None:
        self.context = run.context
        self._field = field
        self._run = run

    @property
    def selection(self) -> "Selection | None":
        """What is asked of the objects that the field returns: see `schema.engine.ahead`."""
        return self._field.selection

    def arguments_of(self, field: "Field") -> "Mapping[str, Any]":
        """What the resolver of a field of this plan is given in this request."""
        return field.arguments_for(self._run)

    @property
    def field_name(self) -> str:
        return self._field.node.name.value

    @property
    def parent_type(self) -> Any:
        return self._field.parent_type

    @property
    def return_type(self) -> Any:
        return self._field.definition.type

    @property
    def field_nodes(self) -> "list[FieldNode]":
        return [details.node for details in self._field.details]

    @property
    def path(self) -> Any:
        self._run.abandoned = True
        raise Abandoned("path")

    @property
    def schema(self) -> Any:
        return self._run.engine.schema

    @property
    def fragments(self) -> Any:
        return self._run.executor.fragment_definitions

    @property
    def root_value(self) -> Any:
        return self._run.executor.root_value

    @property
    def operation(self) -> Any:
        return self._run.executor.operation

    @property
    def variable_values(self) -> Any:
        return self._run.variables.coerced

    @property
    def is_awaitable(self) -> Any:
        return is_awaitable

    @property
    def abort_signal(self) -> Any:
        return self._run.executor.abort_signal

    @property
    def async_helpers(self) -> Any:
        return self._run.executor.async_helpers

    @property
    def operation_extensions(self) -> Any:
        return getattr(self._run.executor, "operation_extensions", None)


def info_maker(declared: Any) -> MakeInfo:
    """What makes Strawberry's info, of the class that an application has chosen."""
    if declared.__init__ is not Info.__init__ or declared.context is not Info.context:
        return lambda run, field: declared(_raw_info=run.raw_info(field), _field=field.direct)

    class RunInfo(declared):  # type: ignore[misc]
        """Most resolvers want the context: graphql-core's info is made for who wants more."""

        __slots__ = ("_field", "_run", "_step", "context")

        def __init__(self, run: "Run", field: "Field") -> None:
            self.context = run.context
            self._field = field.direct
            self._run = run
            self._step = field

        @property
        def _raw_info(self) -> RawInfo:
            return self._run.raw_info(self._step)

    return RunInfo
