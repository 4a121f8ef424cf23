"""Nothing is reachable that nobody has thought about: every field, mutation and route declares
who may use it. Fields and mutations are tried out as everybody in tests/schema/matrix."""

from collections.abc import Mapping
from datetime import datetime

import msgspec
from graphql import GraphQLObjectType, GraphQLUnionType, is_introspection_type
from litestar import Litestar

from app import clock
from app.actor import Actor, Role
from app.config import OidcProvider, Settings
from app.http.policies import ROUTES, RoutePolicy
from app.identity.tokens import TokenKeys, issue_access_token, load_keys
from app.main import create_app
from db.session import Database
from schema.build import build_schema
from schema.errors import Changes
from schema.policies import CONNECTION, EDGE, EDGES_WITH_QUOTE, FIELDS, Policy
from tests.http.conftest import client_of, serving
from tests.support.world import add_session, add_user

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


BODIES = {
    "/auth/change-password": {"currentPassword": "x", "newPassword": "seven quiet herons"},
    "/auth/change-email": {"password": "x", "email": "ada@example.com"},
    "/auth/reset-password": {"token": "x", "password": "seven quiet herons"},
    "/auth/verify-email": {"token": "x"},
    "/auth/oidc/exchange": {"code": "x", "codeVerifier": "x"},
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
REFUSALS: Mapping[RoutePolicy, tuple[int, str | None]] = {
    RoutePolicy.SIGNED_IN: (401, "UNAUTHENTICATED"),
    RoutePolicy.REFRESH_TOKEN: (401, "REFRESH_REFUSED"),
    RoutePolicy.MAILED_CODE: (400, "LINK_REFUSED"),
    RoutePolicy.SIGNED_ADDRESS: (400, "LINK_REFUSED"),
    RoutePolicy.CHALLENGE: (400, "CHALLENGE_REFUSED"),
    RoutePolicy.SIGNATURE: (400, None),
    RoutePolicy.RETURNING: (400, "SIGN_IN_EXPIRED"),
    RoutePolicy.RETURN_CODE: (400, "CODE_REFUSED"),
}


async def test_routes_do_what_they_declare_for_everybody(settings: Settings) -> None:
    """Each route × everybody: being somebody opens what wants somebody, and nothing else."""
    keys, now = load_keys(settings), clock.now()
    db = Database(settings.database_url, pool_size=2)
    people = {
        role: Actor(user_id=key, role=role, session_id=await add_session(db, key))
        for role in (Role.USER, Role.SUPPORT, Role.ADMIN)
        for key in [await add_user(db, role=role)]
    }
    await db.close()
    google = OidcProvider(client_id="x", client_secret="x")
    settings = msgspec.structs.replace(settings, oidc_providers={"google": google})
    async with serving(settings) as app, client_of(app) as client:
        for route, policy in ROUTES.items():
            if policy not in REFUSALS:
                continue
            method, path = route.replace("{provider}", "google").split()
            for actor in (None, *people.values()):
                answer = await client.request(
                    method, path, json=BODIES.get(path), headers=authorization(keys, actor, now)
                )
                who = None if actor is None else actor.role
                if policy is RoutePolicy.SIGNED_IN and actor is not None:
                    assert answer.status_code not in (401, 500), (route, who, answer.text)
                    continue
                status, code = REFUSALS[policy]
                assert answer.status_code == status, (route, who, answer.text)
                assert code is None or answer.json()["code"] == code, (route, who)


def authorization(keys: TokenKeys, actor: Actor | None, now: datetime) -> dict[str, str]:
    if actor is None or actor.user_id is None or actor.session_id is None:
        return {}
    token = issue_access_token(
        keys, user_id=actor.user_id, session_id=actor.session_id, role=actor.role, now=now
    )
    return {"authorization": f"Bearer {token}"}
