"""The structs that answers are made of: what msgspec encodes, and dicts for everybody else."""

import gc
import weakref
from datetime import date
from typing import Any

import msgspec
import pytest

from schema.engine import as_plain
from schema.engine.objects import answered, place

DAY = date(987, 6, 5)


@pytest.mark.parametrize(
    "keys", [("amount", "currency"), ("currency", "amount"), ("class", "__typename", "None", "v0")]
)
def test_an_object_has_its_keys_in_their_order(keys: tuple[str, ...]) -> None:
    made: Any = answered(keys)
    value = made(*range(len(keys)))
    assert msgspec.json.decode(msgspec.json.encode(value)) == {
        key: number for number, key in enumerate(keys)
    }
    assert list(as_plain(value)) == list(keys)


def test_what_is_encoded_is_what_dicts_would_be() -> None:
    outer: Any = answered(("days", "inner", "none"))
    inner: Any = answered(("text",))
    value = outer([DAY, None], [inner("é\n"), [inner(DAY)]], None)
    plain = {"days": ["0987-06-05", None], "inner": [{"text": "é\n"}, [{"text": "0987-06-05"}]]}
    assert as_plain(value) == plain | {"none": None}
    assert msgspec.json.encode(value) == msgspec.json.encode(as_plain(value))


def test_a_value_can_come_later() -> None:
    value: Any = answered(("first", "second"))(1, None)
    setattr(value, place(1), 2)
    assert as_plain(value) == {"first": 1, "second": 2}


def test_classes_are_shared_and_go_with_who_uses_them() -> None:
    made = answered(("never", "again"))
    assert answered(("never", "again")) is made
    left = weakref.ref(made)
    del made
    gc.collect()
    assert left() is None
