"""A zoo: every feature of GraphQL, on a schema that has nothing to do with the product."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from operator import attrgetter
from typing import Annotated, Any, NewType

import strawberry
from strawberry.dataloader import DataLoader
from strawberry.extensions import FieldExtension, ParserCache
from strawberry.schema.config import StrawberryConfig
from strawberry.types.scalar import ScalarDefinition

from schema.engine import Engine, EngineExecutor, batched

Weight = NewType("Weight", object)


Decorator = Callable[[Callable[..., Any]], Any]


def shown(type_: Any) -> Decorator:
    """A field of this type, whatever its resolver returns."""
    decorator: Decorator = strawberry.field(graphql_type=type_)
    return decorator


def changes(type_: Any) -> Decorator:
    decorator: Decorator = strawberry.mutation(graphql_type=type_)
    return decorator


def events(type_: Any) -> Decorator:
    decorator: Decorator = strawberry.subscription(graphql_type=type_)
    return decorator


def weigh(value: Any) -> Any:
    if value == "unknown":
        return None
    return f"{value:.1f} kg"


SCALARS: dict[object, ScalarDefinition] = {
    Weight: strawberry.scalar(name="Weight", serialize=weigh, parse_value=lambda text: text)
}


@strawberry.enum
class Diet(Enum):
    MEAT = "meat"
    PLANTS = "plants"


@strawberry.enum
class Mood(StrEnum):
    CALM = "CALM"
    WILD = "WILD"


@strawberry.enum
class Legs(Enum):
    NONE = 0
    TWO = 2
    FOUR = 4


class Shouts(FieldExtension):
    """An extension that the engine has never heard of."""

    async def resolve_async(self, next_: Any, source: Any, info: Any, **kwargs: Any) -> Any:
        return str(await next_(source, info, **kwargs)).upper()


class Context:
    """One request's: what was called, and a loader."""

    def __init__(self, user: str = "nobody") -> None:
        self.user = user
        self.calls: list[str] = []
        self.batches: list[list[str]] = []
        self.keepers = DataLoader(self._load)

    async def _load(self, names: list[str]) -> list[Any]:
        self.batches.append(list(names))
        await asyncio.sleep(0)
        return [
            KeyError(name) if name == "nobody" else Keeper(name=f"{name} of {self.user}")
            for name in names
        ]


@strawberry.interface
class Named:
    name: str


@strawberry.type
class Keeper(Named):
    @strawberry.field
    def badge(self, info: strawberry.Info) -> strawberry.ID:
        info.context.calls.append("badge")
        return strawberry.ID(f"k-{self.name}")

    @strawberry.field
    def boss(self, info: strawberry.Info) -> "Keeper | None":
        return info.context.keepers.load("boss")  # type: ignore[no-any-return]


@dataclass
class Row:
    """What stands behind an animal: not an instance of its type."""

    name: str
    legs: Any = 4
    diet: Any = Diet.PLANTS
    mood: Any = "CALM"
    weight: Any = 1.0
    age: Any = 3
    height: Any = 1.5
    tame: Any = True
    code: Any = "c"
    tags: Any = ("a", "b")
    grid: Any = field(default_factory=lambda: [[1, 2], [], [3]])
    cub: Any = None
    keeper_name: str = "kim"
    friends: Any = ()


class Cat(Row):
    pass


class Snake(Row):
    pass


@strawberry.input
class Filter:
    prefix: str = ""
    most: int | None = None
    diets: list[Diet] = strawberry.field(default_factory=lambda: [Diet.MEAT, Diet.PLANTS])


@strawberry.type
class Body:
    weight: Weight | None
    height: float | None
    must_weigh: Weight = strawberry.field(name="mustWeigh")


def body_of(row: strawberry.Parent[Row]) -> Any:
    return type("Made", (), {"weight": row.weight, "height": row.height, "must_weigh": row.weight})


def keeper_of(row: strawberry.Parent[Row], info: strawberry.Info) -> Any:
    return info.context.keepers.load(row.keeper_name)


async def name_slowly(row: strawberry.Parent[Row], times: int = 1) -> str:
    await asyncio.sleep(0)
    if row.name == "slow failure":
        raise ValueError("too slow")
    return row.name * times


def name_loudly(row: strawberry.Parent[Row]) -> str:
    if row.name == "failure":
        raise ValueError("it failed")
    return row.name.upper()


def friends_of(row: strawberry.Parent[Row]) -> Any:
    return row.friends


def chosen(row: strawberry.Parent[Row], filter: Filter | None = None) -> str:
    wanted = filter or Filter()
    return f"{wanted.prefix}{row.name}{wanted.most}{[diet.name for diet in wanted.diets]}"


def path_of(row: strawberry.Parent[Row], info: strawberry.Info) -> str:
    return ".".join(map(str, info.path.as_list()))


def fields_of(info: strawberry.Info) -> str:
    return repr(info.selected_fields)


@batched
async def together(rows: list[Row], info: strawberry.Info, suffix: str = "!") -> list[str]:
    info.context.calls.append(f"together {len(rows)}")
    await asyncio.sleep(0)
    return [row.name + suffix for row in rows]


async def plain(row: strawberry.Parent[Row]) -> str:
    return row.name


Friend = Annotated["Animal", strawberry.lazy("tests.schema.engine.toy")]
CatType = Annotated["CatShown", strawberry.lazy("tests.schema.engine.toy")]


@strawberry.interface
class Animal(Named):
    legs: Legs
    diet: Diet | None
    mood: Mood
    age: int | None
    height: float | None
    tame: bool | None
    code: strawberry.ID | None
    tags: list[str] | None
    maybe_tags: list[str | None] | None = strawberry.field(name="maybeTags")
    grid: list[list[int]] | None
    loose_grid: list[list[int | None] | None] | None = strawberry.field(name="looseGrid")
    weight: Weight | None
    must_weigh: Weight = strawberry.field(name="mustWeigh")
    must_age: int = strawberry.field(name="mustAge")
    cub: CatType | None
    must_cub: CatType = strawberry.field(name="mustCub")
    body = strawberry.field(resolver=body_of, graphql_type=Body | None)
    keeper = strawberry.field(resolver=keeper_of, graphql_type=Keeper | None)
    must_keeper = strawberry.field(resolver=keeper_of, graphql_type=Keeper)
    slow_name = strawberry.field(resolver=name_slowly, graphql_type=str | None)
    must_slow_name = strawberry.field(resolver=name_slowly, graphql_type=str)
    shout = strawberry.field(resolver=name_loudly, graphql_type=str | None)
    must_shout = strawberry.field(resolver=name_loudly, graphql_type=str)
    friends = strawberry.field(resolver=friends_of, graphql_type=list[Friend | None] | None)
    must_friends = strawberry.field(resolver=friends_of, graphql_type=list[Friend])
    chosen = strawberry.field(resolver=chosen)
    path = strawberry.field(resolver=path_of)
    fields = strawberry.field(resolver=fields_of)
    together = strawberry.field(resolver=together, graphql_type=str)
    extended = strawberry.field(resolver=plain, graphql_type=str, extensions=[Shouts()])


for _name, _source in (
    ("maybe_tags", "tags"),
    ("loose_grid", "grid"),
    ("must_weigh", "weight"),
    ("must_age", "age"),
    ("must_cub", "cub"),
):
    setattr(Row, _name, property(attrgetter(_source)))


@strawberry.type(name="Cat")
class CatShown(Animal):
    @staticmethod
    def is_type_of(value: Any, _info: Any) -> bool:
        return isinstance(value, Cat)

    @strawberry.field
    def purr(self) -> str:
        return "prr"


@strawberry.type(name="Snake")
class SnakeShown(Animal):
    @staticmethod
    def is_type_of(value: Any, _info: Any) -> bool:
        return isinstance(value, Snake)

    @strawberry.field
    def hiss(self) -> str:
        return "sss"


@strawberry.type
class Stone:
    name: str
    heavy: bool = True


Thing = Annotated[CatShown | SnakeShown | Stone, strawberry.union("Thing")]


def zoo() -> list[Any]:
    """Animals that are all well."""
    return [
        Cat("tom", cub=Cat("kit", legs=Legs.TWO, tags=None), friends=[Snake("sid", legs=0), None]),
        Snake(
            "kaa", legs=0, diet=None, mood=Mood.WILD, weight=None, age=None, height=None, tame=None
        ),
        Cat("leo", diet=Diet.MEAT, keeper_name="lou", tags=["x"], friends=[Cat("pip")]),
    ]


class Later:
    """Neither a coroutine nor a future, and still to be awaited."""

    def __await__(self) -> Any:
        yield from asyncio.sleep(0).__await__()
        return 5


def broken(how: str) -> Any:
    """An animal with whom something is wrong."""
    well: dict[str, Any] = {"name": "bo", "cub": Cat("kit")}
    wrong: dict[str, dict[str, Any]] = {
        "no legs": {"legs": None},
        "five legs": {"legs": 5},
        "no mood": {"mood": None},
        "odd mood": {"mood": "ODD"},
        "listed mood": {"mood": []},
        "diet": {"diet": "nothing"},
        "weight": {"weight": "unknown"},
        "weight text": {"weight": "heavy"},
        "age": {"age": 2**40},
        "age text": {"age": "three"},
        "age number": {"age": "12"},
        "age true": {"age": True},
        "height": {"height": float("nan")},
        "height int": {"height": 2},
        "tame": {"tame": "yes"},
        "tame int": {"tame": 1},
        "code": {"code": 7},
        "code list": {"code": []},
        "tags": {"tags": "abc"},
        "tags null": {"tags": ["a", None, "b"]},
        "tags number": {"tags": ["a", 5]},
        "tags generator": {"tags": iter(["a", "b"])},
        "tags set": {"tags": {"a": 1}.keys()},
        "grid null": {"grid": [[1, None], [2]]},
        "grid null list": {"grid": [[1], None]},
        "grid text": {"grid": [[1], ["x"]]},
        "no cub": {"cub": None},
        "wrong cub": {"cub": Snake("sid")},
        "bad cub": {"cub": Cat("kit", legs=None)},
        "failure": {"name": "failure"},
        "slow failure": {"name": "slow failure"},
        "keeper": {"keeper_name": "nobody"},
        "friends": {"friends": [Cat("a"), None, Cat("b", mood=None)]},
        "not friends": {"friends": 5},
        "strange friends": {"friends": [Cat("a"), Stone(name="s")]},
        "deep": {"friends": [Cat("a", friends=[Cat("failure"), Cat("slow failure", legs=None)])]},
        "awaitable": {"age": Later()},
        "exception": {"age": ValueError("no age")},
        "exception name": {"weight": ValueError("no weight")},
    }
    return Cat(**{**well, **wrong[how]})


NAMES = """
    no legs, five legs, no mood, odd mood, listed mood, diet, weight, weight text, age, age text,
    age number, age true, height, height int, tame, tame int, code, code list, tags, tags null,
    tags number, tags generator, tags set, grid null, grid null list, grid text, no cub, wrong cub,
    bad cub, failure, slow failure, keeper, friends, not friends, strange friends, deep, awaitable,
    exception, exception name
"""
BROKEN = [" ".join(how.split()) for how in NAMES.split(",")]


@strawberry.type
class Query:
    @shown(list[Animal])
    def animals(self, info: strawberry.Info) -> Iterable[Any]:
        info.context.calls.append("animals")
        return zoo()

    @shown(list[Animal | None] | None)
    async def slow_animals(self) -> Any:
        await asyncio.sleep(0)
        return (*zoo(), None)

    @shown(CatShown | None)
    def cat(self) -> Any:
        return zoo()[0]

    @shown(Animal | None)
    def broken(self, how: str) -> Any:
        return broken(how)

    @shown(Animal)
    def must_broken(self, how: str) -> Any:
        return broken(how)

    @shown(list[CatShown])
    def broken_cats(self, how: str) -> Any:
        return [zoo()[0], broken(how), zoo()[2]]

    @shown(list[CatShown | None])
    def broken_cats_or_none(self, how: str) -> Any:
        return [zoo()[0], broken(how), zoo()[2]]

    @shown(list[Thing])
    def things(self) -> Any:
        return [*zoo(), Stone(name="rock")]

    @shown(Thing | None)
    def thing(self, kind: str = "stone") -> Any:
        return {"stone": Stone(name="rock"), "cat": zoo()[0], "number": 5}[kind]

    @strawberry.field
    def add(self, a: int, b: int = 2, c: int | None = None) -> str:
        return f"{a} {b} {c}"

    @strawberry.field
    def default(self, filter: Filter, moods: list[Mood] = [Mood.CALM]) -> str:  # noqa: B006
        moods.append(Mood.WILD)
        return f"{filter} {moods}"

    @strawberry.field
    def user(self, info: strawberry.Info) -> str:
        user: str = info.context.user
        return user

    @strawberry.field
    def unannounced(self, info: strawberry.Info) -> str:
        """Returns an awaitable, though nothing says so."""

        async def value() -> str:
            await asyncio.sleep(0)
            return f"later, {info.context.user}"

        return value()  # type: ignore[return-value]


times_run: list[str] = []


@strawberry.type
class Changed:
    note: str

    @shown(list[Animal])
    def animals(self) -> Any:
        return zoo()

    @shown(Animal | None)
    def broken(self, how: str) -> Any:
        return broken(how)


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def change(self, note: str) -> Changed:
        times_run.append(note)
        await asyncio.sleep(0)
        return Changed(note=note)

    @strawberry.mutation
    def change_at_once(self, note: str) -> Changed | None:
        times_run.append(note)
        return Changed(note=note)

    @strawberry.mutation
    async def fail(self) -> Changed | None:
        times_run.append("fail")
        raise ValueError("not changed")

    @strawberry.mutation
    def number(self) -> int:
        times_run.append("number")
        return 5

    @changes(list[Thing] | None)
    async def things(self) -> Any:
        times_run.append("things")
        return [*zoo(), Stone(name="rock")]


@strawberry.type
class Subscription:
    @events(Animal | None)
    async def visitors(self) -> AsyncIterator[Any]:
        yield zoo()[0]
        yield None
        yield broken("slow failure")
        yield zoo()[1]

    @strawberry.subscription
    async def ticks(self) -> AsyncIterator[int]:
        yield 1
        yield 2


def make(engine: bool, **options: Any) -> strawberry.Schema:
    executor: Any = type("Executor", (EngineExecutor,), {})
    schema = strawberry.Schema(
        Query,
        Mutation,
        Subscription,
        types=[CatShown, SnakeShown, Stone, Keeper],
        config=StrawberryConfig(scalar_map=SCALARS),
        execution_context_class=executor,
        # One document for one text, as the transport has it: plans belong to documents.
        extensions=[lambda: ParserCache(maxsize=1_000)],
        **options,
    )
    if engine:
        executor.engine = Engine(schema._schema)
    return schema


def engine_of(schema: strawberry.Schema) -> Engine:
    engine = getattr(schema.execution_context_class, "engine", None)
    assert isinstance(engine, Engine)
    return engine
