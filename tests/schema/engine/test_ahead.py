"""Looking ahead: what a resolver is told of what is asked for beneath its field."""

from types import SimpleNamespace
from typing import Annotated, Any

import msgspec
import strawberry
from strawberry.extensions import ParserCache

from schema.engine import Engine, EngineExecutor, Selection, attached, batched, selection
from schema.engine.abandon import BUILTIN, MOST_CLASSES, Plain

seen: list[Any] = []
selections: list[Selection | None] = []


def names(found: Selection | None) -> Any:
    """As plain dicts; None is what cannot be told, of leaves too."""
    if found is None:
        return None
    return {name: names(asked.selection) for name, asked in found.asked.items()}


@attached("its_motto")
def motto(bird: strawberry.Parent[Any]) -> str:
    return f"asked of {bird.name}"


@attached("its_friend")
async def friend(bird: strawberry.Parent[Any]) -> Any:
    return SimpleNamespace(name=f"friend of {bird.name}", age=1)


@batched
def sizes(birds: list[Any], info: strawberry.Info) -> list[int]:
    sized = [len(bird.name) for bird in birds]
    return sized[1:] if sized[0] == len("miscounted") else sized


@strawberry.interface
class Named:
    name: str


@strawberry.type
class Bird(Named):
    age: int
    motto = strawberry.field(resolver=motto, graphql_type=str)
    size = strawberry.field(resolver=sizes, graphql_type=int)
    friend = strawberry.field(
        resolver=friend, graphql_type=Annotated["Bird", strawberry.lazy(__name__)]
    )
    is_type_of = staticmethod(lambda value, info: True)


def known() -> list[Any]:
    return [
        SimpleNamespace(name="Emu", age=3, its_motto="Run", its_friend=None),
        SimpleNamespace(name="Owl", age=4, its_motto="Wait", its_friend=None),
    ]


@strawberry.type
class Flock:
    birds: list[Bird]
    leader: Named


def flock(info: strawberry.Info) -> Any:
    seen.append((names(selection(info)), names(selection(info, "birds"))))
    selections[:] = [selection(info, "birds")]
    birds = known()
    for bird in birds:
        bird.its_friend = SimpleNamespace(name=f"{bird.name}'s", age=9)
    return SimpleNamespace(birds=birds, leader=birds[0])


async def alone(info: strawberry.Info, name: str) -> Any:
    seen.append(names(selection(info)))
    if name == "JSON":
        return SimpleNamespace(its_friend=msgspec.Raw(b'{"any":"thing"}'))
    return SimpleNamespace(name=name, age=1)


def json() -> Any:
    return SimpleNamespace(
        birds=msgspec.Raw(b"[1, 2]"), leader=msgspec.Raw(b'["of", "any", "kind"]')
    )


@strawberry.type
class Query:
    json = strawberry.field(resolver=json, graphql_type=Flock)
    flock = strawberry.field(resolver=flock, graphql_type=Flock)
    alone = strawberry.field(resolver=alone, graphql_type=Bird)


def make(engine: bool) -> strawberry.Schema:
    executor: Any = type("Executor", (EngineExecutor,), {})
    schema = strawberry.Schema(
        Query, execution_context_class=executor, extensions=[lambda: ParserCache(maxsize=100)]
    )
    if engine:
        executor.engine = Engine(schema._schema)
    return schema


async def ask(schema: strawberry.Schema, text: str, **variables: Any) -> Any:
    seen.clear()
    result = await schema.execute(text, variables)
    assert not result.errors
    return result.data


async def test_all_that_is_asked_in_a_place_is_told_together() -> None:
    text = """query ($age: Boolean!) {
      flock { birds { name ...More } old: birds { age @include(if: $age) } ... { __typename } }
    }
    fragment More on Bird { friend { name } other: friend { friend { age } } }"""
    schema = make(engine=True)
    for age in (True, False):
        await ask(schema, text, age=age)
        of_birds = {"name": None, "friend": {"name": None, "friend": {"age": None}}}
        if age:
            of_birds["age"] = None
        assert seen == [({"birds": of_birds}, of_birds)]


async def test_what_cannot_be_told() -> None:
    schema = make(engine=True)
    await ask(schema, "{ flock { leader { name } } }")
    # Of an interface nothing; of what is not asked for, that nothing is.
    assert seen == [({"leader": None}, {})]
    await ask(make(engine=False), "{ flock { birds { name } } }")
    assert seen == [(None, None)]


async def test_what_is_attached_is_not_asked_of_resolvers() -> None:
    text = "{ flock { birds { name motto friend { name } } } }"
    found = await ask(make(engine=True), text)
    assert found["flock"]["birds"] == [
        {"name": "Emu", "motto": "Run", "friend": {"name": "Emu's"}},
        {"name": "Owl", "motto": "Wait", "friend": {"name": "Owl's"}},
    ]
    for engine in (True, False):
        found = await ask(make(engine), '{ alone(name: "Roc") { motto friend { name motto } } }')
        assert found["alone"] == {
            "motto": "asked of Roc",
            "friend": {"name": "friend of Roc", "motto": "asked of friend of Roc"},
        }


def shown(found: Selection | None) -> Any:
    """By response key; None is what cannot be told, of leaves too."""
    if found is None or found.shown is None:
        return None
    return {
        key: asked
        if isinstance(asked, str)
        else (asked.name, str(asked.type), shown(asked.selection))
        for key, asked in found.shown.items()
    }


async def test_what_a_place_shows_is_told_in_its_order() -> None:
    text = """{ flock { birds {
      kind: __typename name ... { friend { age __typename } } other: friend { years: age } age
    } } }"""
    await ask(make(engine=True), text)
    assert shown(selections[0]) == {
        "kind": "Bird",
        "name": ("name", "String!", None),
        "friend": ("friend", "Bird!", {"age": ("age", "Int!", None), "__typename": "Bird"}),
        "other": ("friend", "Bird!", {"years": ("age", "Int!", None)}),
        "age": ("age", "Int!", None),
    }
    # What is asked of all friends together is shown nowhere.
    assert selections[0] is not None
    assert shown(selections[0].asked["friend"].selection) is None
    await ask(make(engine=True), "{ flock { birds { friend { name } } } }")
    assert selections[0] is not None
    assert shown(selections[0].asked["friend"].selection) == {"name": ("name", "String!", None)}


async def test_json_that_is_written_already_is_taken_as_it_is() -> None:
    text = '{ alone(name: "JSON") { friend { name friend { name } } } json { leader { name } } }'
    found = await ask(make(engine=True), text)
    assert msgspec.json.decode(msgspec.json.encode(found)) == {
        "alone": {"friend": {"any": "thing"}},
        "json": {"leader": ["of", "any", "kind"]},
    }
    text = "{ json { birds { name age } } }"
    found = await ask(make(engine=True), text)
    assert msgspec.json.encode(found) == b'{"json":{"birds":[1, 2]}}'


async def test_a_batch_that_needs_no_waiting() -> None:
    for engine in (True, False):
        found = await ask(make(engine), "{ flock { birds { size } } }")
        assert found["flock"]["birds"] == [{"size": 3}, {"size": 3}]


async def test_a_batch_of_the_wrong_length_is_abandoned() -> None:
    schema = make(engine=True)
    result = await schema.execute('{ alone(name: "miscounted") { size } }')
    assert result.errors
    engine: Any = schema.execution_context_class
    assert engine.engine.counts["abandoned"] == 1


def test_ever_new_classes_of_rows_are_not_kept_for_ever() -> None:
    plain = Plain()
    for number in range(MOST_CLASSES * 2):
        value = type(f"Row{number}", (), {})()
        plain.admit(value)
        assert type(value) in plain.classes
    assert len(plain.classes) <= MOST_CLASSES
    assert plain.classes >= BUILTIN
