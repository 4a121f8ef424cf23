"""Whether what somebody was shown is what schema/policies.py declares."""

from collections import defaultdict
from typing import Any

import msgspec
from graphql import GraphQLObjectType, get_named_type, is_introspection_type, is_leaf_type

from app.actor import Actor, Role
from schema.build import build_schema
from schema.find import FINDERS
from schema.policies import FIELDS, Policy
from tests.schema.matrix.asking import EVERY
from tests.schema.matrix.world import STAFF, Thing, World

SCHEMA = build_schema()._schema
TYPES = {
    name: kind
    for name, kind in SCHEMA.type_map.items()
    if isinstance(kind, GraphQLObjectType) and not is_introspection_type(kind)
}


def allowed(policy: Policy, actor: Actor, thing: Thing | None) -> bool:
    """Whether a policy lets somebody have a field of an object; without one, of nobody's."""
    me, staff, admin = actor.user_id, actor.role in STAFF, actor.role is Role.ADMIN
    of = thing or Thing(kind="", id="")
    hosts = of.helpers | {of.host}
    if me is None and policy is not Policy.OPEN:
        return False
    return {
        Policy.OPEN: of.seen_by is None or me in of.seen_by or staff,
        Policy.OWN: me == of.owner,
        Policy.OWN_OR_STAFF: me == of.owner or staff,
        Policy.OWN_OR_ADMIN: me == of.owner or admin,
        Policy.HOST: me == of.host,
        Policy.HOST_ALL: me in hosts,
        Policy.HOST_CALENDAR: me in hosts | of.calendar,
        Policy.HOST_ANY: me in hosts | of.calendar,
        Policy.CO_HOST: me in of.helpers | of.calendar,
        Policy.HOST_OR_CO_HOST: me in (of.host, of.owner),
        Policy.STAYING: me in hosts | of.staying,
        Policy.GUEST: me == of.guest,
        Policy.GUEST_OR_STAFF: me == of.guest or (staff and me != of.host),
        Policy.PARTIES: me in hosts | {of.guest} or staff,
        Policy.ENDING: me in hosts | {of.guest} or admin,
        Policy.SIDES: me in hosts | {of.guest},
        # The examples are proposed by guests.
        Policy.OTHER_SIDE: me in hosts,
        Policy.PROPOSER: me == of.guest,
        Policy.SIGNED_IN: True,
        Policy.STAFF: staff,
        Policy.ADMIN: admin,
    }[policy]


class Field(msgspec.Struct, frozen=True):
    """A field of one object: what is compared between those who ask."""

    kind: str
    name: str
    of: str


class Judge:
    """Reads answers, and keeps what was wrong with them."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.wrong: list[str] = []
        self.shown: defaultdict[Field, dict[str, Any]] = defaultdict(dict)
        self.withheld: defaultdict[Field, set[str]] = defaultdict(set)
        self.asked = 0
        self._names = {id(actor): name for name, actor in world.actors.items()}

    def name(self, actor: Actor) -> str:
        return self._names[id(actor)]

    def answer(self, actor: Actor, told: Any) -> None:
        """Nobody else's secret may be anywhere in an answer: not in its errors either."""
        text = msgspec.json.encode(told).decode()
        for word, (whose, to_staff) in self.world.secrets.items():
            if actor.user_id in whose or (to_staff and actor.role in STAFF):
                continue
            if word in text:
                self.wrong.append(f"{self.name(actor)} is told {word}")

    def nothing(self, actor: Actor, thing: Thing) -> None:
        """The object was not handed out at all."""
        for name in FIELDS[thing.kind]:
            self.withheld[Field(thing.kind, name, thing.id)].add(self.name(actor))

    def object(
        self, actor: Actor, kind: str, value: dict[str, Any], part_of: Thing | None = None
    ) -> None:
        """One object of an answer, and all that is in it."""
        thing = self._thing(kind, value) or part_of or self._first(kind, value)
        policies = FIELDS.get(kind, {})
        for key, found in value.items():
            name = key.removeprefix(EVERY)
            if name == "__typename":
                continue
            if name in policies:
                self._field(actor, Field(kind, name, thing.id if thing else ""), found, thing)
            child = get_named_type(TYPES[kind].fields[name].type)
            for each in found if isinstance(found, list) else [found]:
                # A scalar may be JSON.
                if isinstance(each, dict) and not is_leaf_type(child):
                    self.object(actor, each.get("__typename", child.name), each, thing)
        # What staff do grows while they look.
        if (
            "totalCount" in value
            and "pageInfo" in value
            and not kind.startswith("Staff")
            and not value["pageInfo"]["hasNextPage"]
        ):
            edges = len(value["edges"])
            if value["totalCount"] != edges:
                self.wrong.append(
                    f"{self.name(actor)}: {kind} counts {value['totalCount']}, shows {edges}"
                )

    def missing(self) -> list[str]:
        """What nobody was shown, and what some who may have it were not shown."""
        found = list(self.wrong)
        seen = {(field.kind, field.name) for field in self.shown}
        for kind, fields in FIELDS.items():
            if kind in ("Query", "Mutation", "Subscription"):
                continue
            found += [
                f"no example of {kind}.{name} in the world"
                for name in fields
                if (kind, name) not in seen and (kind, name) not in ABSENT
            ]
        refused = {(field.kind, field.name) for field in self.withheld}
        for kind in FINDERS:
            found += [
                f"{kind}.{name} was refused to nobody"
                for name, policy in FIELDS[kind].items()
                if policy is not Policy.OPEN and (kind, name) not in refused
            ]
        for field, names in self.withheld.items():
            # An object that is not theirs to see is nobody's to link to, either.
            for name in names - self.shown[field].keys() if field in self.shown else ():
                actor, thing = self.world.actors[name], self.world.things.get(field.of)
                linked = self._linked(self.shown[field])
                # A value is as open as what it is part of, and may be empty.
                if field.kind not in FINDERS and FIELDS[field.kind][field.name] is Policy.OPEN:
                    continue
                if linked is not None and not allowed(Policy.OPEN, actor, linked):
                    continue
                if allowed(FIELDS[field.kind][field.name], actor, thing):
                    found.append(f"{name} is not shown {field.kind}.{field.name} of {thing}")
        return found

    def _field(self, actor: Actor, field: Field, found: Any, thing: Thing | None) -> None:
        self.asked += 1
        policy = FIELDS[field.kind][field.name]
        if found is None:
            self.withheld[field].add(self.name(actor))
            return
        self.shown[field][self.name(actor)] = found
        if not allowed(policy, actor, thing):
            self.wrong.append(
                f"{self.name(actor)} is shown {field.kind}.{field.name} ({policy}) of {thing}"
            )

    def _thing(self, kind: str, value: dict[str, Any]) -> Thing | None:
        if kind not in FINDERS:
            return None
        return self.world.things[value["id"]]

    def _first(self, kind: str, value: dict[str, Any]) -> Thing | None:
        """What a value without an owner is about: the first object in it."""
        for name, found in value.items():
            child = get_named_type(TYPES[kind].fields[name].type).name if name[0] != "_" else ""
            if isinstance(found, dict) and child in FINDERS:
                return self._thing(child, found)
        return None

    def _linked(self, shown: dict[str, Any]) -> Thing | None:
        value = next(iter(shown.values()))
        return (
            self.world.things.get(value["id"])
            if isinstance(value, dict) and "id" in value
            else None
        )


ABSENT = {
    # Public, and takes more than one example: see tests/schema/test_profile.py.
    ("User", "responseRate"),
    # Only in the refusal to publish: see tests/schema/test_mutations.py.
    ("MissingField", "field"),
    ("MissingField", "message"),
    # Answered to a mutation alone: see tests/http/test_uploads.py.
    *(("PhotoUploadRequest", name) for name in FIELDS["PhotoUploadRequest"]),
    *(("RequestHeader", name) for name in FIELDS["RequestHeader"]),
    # Of a provider that is not there: see tests/schema/test_mobile_money.py.
    ("PayoutInstitution", "code"),
    ("PayoutInstitution", "name"),
    # Who is about to go is hidden from all others: see tests/privacy/test_leaving.py.
    ("User", "deletionScheduledAt"),
    # Only in the refusal to let the viewer go: see there, too.
    ("DeletionBlocker", "reason"),
    ("DeletionBlocker", "booking"),
    ("DeletionBlocker", "amount"),
}
