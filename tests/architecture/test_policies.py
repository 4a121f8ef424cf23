"""Nothing is reachable that nobody has thought about: every field, mutation and route declares
who may use it, and what is declared of accounts is tried out as everybody."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from graphql import (
    GraphQLField,
    GraphQLObjectType,
    GraphQLUnionType,
    get_named_type,
    is_introspection_type,
    is_leaf_type,
)
from litestar import Litestar
from sqlalchemy import insert

from app import clock
from app.actor import ANONYMOUS, Actor, Role
from app.config import Settings
from app.http.policies import ROUTES, RoutePolicy
from app.ids import new_id
from app.main import create_app
from app.runtime import open_runtime
from db.enums import HostKind, PayoutAccountStatus
from db.models import HostDetails, PayoutAccount, SignInEvent, SignInSession
from db.session import Database
from schema.build import build_schema
from schema.errors import Changes
from schema.policies import CONNECTION, EDGE, EDGES_WITH_QUOTE, FIELDS, Policy
from tests.http.conftest import client_of, serving
from tests.schema.face import Face, gid, person
from tests.support.world import add_host, add_property, add_user

SCHEMA = build_schema()
TYPES: dict[str, GraphQLObjectType] = {
    name: kind
    for name, kind in SCHEMA._schema.type_map.items()
    if isinstance(kind, GraphQLObjectType) and not is_introspection_type(kind)
}
# What a mutation answers is the caller's own: successes hold objects, refusals speak to them.
ANSWERS = {
    member.name
    for kind in SCHEMA._schema.type_map.values()
    if isinstance(kind, GraphQLUnionType)
    for member in kind.types
} - set(FIELDS)

CREDENTIAL = {"id": "x", "rawId": "x", "type": "public-key"}
ASSERTION = CREDENTIAL | {
    "response": {"clientDataJSON": "x", "authenticatorData": "x", "signature": "x"}
}
ATTESTATION = CREDENTIAL | {"response": {"clientDataJSON": "x", "attestationObject": "x"}}


def test_every_field_declares_who_may_read_it() -> None:
    for name, kind in TYPES.items():
        fields = set(kind.fields)
        if name.endswith("Connection"):
            assert fields == CONNECTION, name
        elif name.endswith("Edge"):
            assert fields == EDGE | ({"quote"} if name in EDGES_WITH_QUOTE else set()), name
        elif name not in ANSWERS:
            assert fields == set(FIELDS.get(name, ())), f"{name}: see schema/policies.py"
    assert set(FIELDS) <= set(TYPES), "the table speaks of types that are gone"


def test_every_mutation_wants_somebody_signed_in() -> None:
    definition = TYPES["Mutation"].extensions["strawberry-definition"]
    for field in definition.fields:
        guarded = any(isinstance(each, Changes) for each in field.extensions)
        assert guarded, f"{field.python_name}: declare it by schema.mutations.mutation"
    assert Policy.OPEN not in FIELDS["Mutation"].values()


def routes(app: Litestar) -> set[str]:
    found = set()
    for route in app.routes:
        methods = set(getattr(route, "methods", ())) - {"OPTIONS"} or {"WEBSOCKET"}
        found |= {f"{method} {route.path_format}" for method in methods}
    return found


def test_every_route_declares_who_may_call_it(settings: Settings) -> None:
    app = create_app(msgspec.structs.replace(settings, metrics_enabled=True))
    assert routes(app) == set(ROUTES), "see app/http/policies.py"


async def test_routes_do_what_they_declare(settings: Settings) -> None:
    bodies = {
        "/auth/change-password": {"currentPassword": "x", "newPassword": "seven quiet herons"},
        "/auth/change-email": {"password": "x", "email": "ada@example.com"},
        "/auth/reset-password": {"token": "x", "password": "seven quiet herons"},
        "/auth/verify-email": {"token": "x"},
        "/auth/confirm-email-change": {"token": "x"},
        "/auth/second-factor": {"challenge": "x", "totp": "000000"},
        "/auth/passkey-sign-in": {"challenge": "x", "passkey": ASSERTION},
        "/auth/proof": {},
        "/auth/enroll-totp": {"proof": "x"},
        "/auth/confirm-totp": {"code": "000000"},
        "/auth/disable-totp": {"proof": "x"},
        "/auth/recovery-codes": {"proof": "x"},
        "/auth/passkey-options": {"proof": "x"},
        "/auth/add-passkey": {"challenge": "x", "name": "x", "passkey": ATTESTATION},
    }
    refusals = {
        RoutePolicy.SIGNED_IN: (401, "UNAUTHENTICATED"),
        RoutePolicy.REFRESH_TOKEN: (401, "REFRESH_REFUSED"),
        RoutePolicy.MAILED_CODE: (400, "LINK_REFUSED"),
        RoutePolicy.CHALLENGE: (400, "CHALLENGE_REFUSED"),
        RoutePolicy.SIGNATURE: (400, None),
    }
    async with serving(settings) as app, client_of(app) as client:
        for route, policy in ROUTES.items():
            if policy not in refusals:
                continue
            method, path = route.split()
            answer = await client.request(method, path, json=bodies.get(path))
            status, code = refusals[policy]
            assert answer.status_code == status, (route, answer.text)
            assert code is None or answer.json()["code"] == code, route


class Somebody(msgspec.Struct):
    """A person with everything that an account can have, and the ids of what is theirs."""

    user_id: UUID
    session_id: UUID
    event_id: UUID


async def somebody(db: Database, **columns: Any) -> Somebody:
    user_id = await add_user(
        db, timezone="Europe/Lisbon", currency="EUR", phone="+351912345678", **columns
    )
    made = Somebody(user_id, new_id(), new_id())
    now = clock.now()
    async with db.transaction() as session:
        await session.execute(
            insert(SignInSession).values(
                id=made.session_id, user_id=user_id, expires_at=now + timedelta(days=1)
            )
        )
        await session.execute(
            insert(SignInEvent).values(id=made.event_id, user_id=user_id, kind="SIGNED_IN")
        )
        await session.execute(
            insert(HostDetails).values(
                user_id=user_id,
                kind=HostKind.BUSINESS,
                legal_name="Lovelace & Co",
                country="PT",
                registration_number="1815",
                terms_version="1",
                agreed_at=now,
            )
        )
        await session.execute(
            insert(PayoutAccount).values(
                id=new_id(),
                user_id=user_id,
                provider="STRIPE",
                provider_account_id=f"acct_{user_id.hex}",
                status=PayoutAccountStatus.ACTIVE,
            )
        )
    return made


@pytest.fixture
async def face(settings: Settings) -> Any:
    async with open_runtime(settings) as runtime:
        yield Face(SCHEMA, runtime)


def everything(kind: str) -> str:
    """A selection of all fields of a type, one level deep."""

    def selected(name: str, field: GraphQLField) -> str:
        return name if is_leaf_type(get_named_type(field.type)) else f"{name} {{ __typename }}"

    return " ".join(selected(name, field) for name, field in TYPES[kind].fields.items())


async def read(face: Face, actor: Actor, kind: str, key: UUID) -> dict[str, Any] | None:
    found = await face.ask(
        f"query ($id: ID!) {{ node(id: $id) {{ ... on {kind} {{ {everything(kind)} }} }} }}",
        actor,
        id=gid(kind, key),
    )
    node: dict[str, Any] | None = found["node"]
    return node


async def test_accounts_as_everybody_sees_them(face: Face) -> None:
    """Every field of the account's types × everybody × {own, others'}, by the table."""
    db = face.db
    host_since = {"is_host": True, "host_since_at": clock.now()}
    people = {
        "guest": await somebody(db),
        "other guest": await somebody(db),
        "host": await somebody(db, **host_since),
        "other host": await somebody(db, **host_since),
        "support": await somebody(db, role="SUPPORT"),
        "admin": await somebody(db, role="ADMIN"),
    }
    roles = {"support": Role.SUPPORT, "admin": Role.ADMIN}
    actors = {
        name: person(one.user_id, roles.get(name, Role.USER), session_id=one.session_id)
        for name, one in people.items()
    } | {"anonymous": ANONYMOUS}
    # Null for everybody: nobody here has a picture, guests or reviews, and sessions last.
    absent = {"pictureUrl", "averageRating", "responseRate", "revokedAt"}
    tried = 0
    for name, actor in actors.items():
        for whose, one in people.items():
            own = name == whose
            allowed = {
                Policy.OPEN: True,
                Policy.OWN: own,
                Policy.OWN_OR_STAFF: own or name in roles,
            }
            for kind, key in (
                ("User", one.user_id),
                ("SignInSession", one.session_id),
                ("SignInEvent", one.event_id),
            ):
                shown = await read(face, actor, kind, key)
                for field, policy in FIELDS[kind].items():
                    visible = shown is not None and shown[field] is not None
                    expected = allowed[policy] and field not in absent
                    if field == "hostSince":
                        expected = "host" in whose
                    assert visible == expected, (name, whose, kind, field)
                    tried += 1
    assert tried == len(actors) * len(people) * sum(
        len(FIELDS[kind]) for kind in ("User", "SignInSession", "SignInEvent")
    )


async def test_hosts_strangers_see_no_more_for_having_listed(face: Face) -> None:
    host = await add_host(face.db)
    await add_property(face.db, host)
    shown = await read(face, ANONYMOUS, "User", host)
    assert shown is not None
    for field, policy in FIELDS["User"].items():
        if policy is not Policy.OPEN:
            assert shown[field] is None, field
