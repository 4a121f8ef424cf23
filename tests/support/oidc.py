"""An OpenID Connect provider that agrees to everything at once, and lies when it is told to.

provider = Provider()
await provider.start()
provider.person = Person("ada", email="ada@example.com")
provider.fault = Fault.WRONG_NONCE
await provider.stop()
"""

import asyncio
import base64
import hashlib
import secrets
import threading
import time
from enum import StrEnum
from functools import cache
from typing import Any
from urllib.parse import urlencode

import msgspec
import uvicorn
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey
from litestar import Litestar, Request, Response, get, post

from tests.support.ports import free_port

CLIENT_ID = "roost-at-the-provider"
CLIENT_SECRET = "a-secret:of-two"
TEAM_ID = "TEAM123456"
KEY_ID = "KEY1234567"


class Fault(StrEnum):
    """What goes wrong from now on."""

    NONE = "NONE"
    # At the authorization endpoint.
    DENIED = "DENIED"
    OUTAGE = "OUTAGE"
    WRONG_ANSWER_ISSUER = "WRONG_ANSWER_ISSUER"
    NO_ANSWER_ISSUER = "NO_ANSWER_ISSUER"
    # At the token endpoint: the ID token.
    WRONG_NONCE = "WRONG_NONCE"
    NO_NONCE = "NO_NONCE"
    WRONG_AUDIENCE = "WRONG_AUDIENCE"
    TWO_AUDIENCES = "TWO_AUDIENCES"
    WRONG_PARTY = "WRONG_PARTY"
    WRONG_ISSUER = "WRONG_ISSUER"
    EXPIRED = "EXPIRED"
    FROM_THE_FUTURE = "FROM_THE_FUTURE"
    OLD = "OLD"
    UNSIGNED = "UNSIGNED"
    SIGNED_WITH_SECRET = "SIGNED_WITH_SECRET"
    SIGNED_WITH_PUBLIC_KEY = "SIGNED_WITH_PUBLIC_KEY"
    BAD_SIGNATURE = "BAD_SIGNATURE"
    UNKNOWN_KEY = "UNKNOWN_KEY"
    NO_SUBJECT = "NO_SUBJECT"
    NO_ID_TOKEN = "NO_ID_TOKEN"
    # Anywhere behind the scenes.
    BROKEN = "BROKEN"
    SLOW = "SLOW"
    HUGE = "HUGE"
    NOT_JSON = "NOT_JSON"
    REDIRECT = "REDIRECT"
    OTHER_DISCOVERY = "OTHER_DISCOVERY"


BEHIND_THE_SCENES = {Fault.BROKEN, Fault.SLOW, Fault.HUGE, Fault.NOT_JSON, Fault.REDIRECT}


class Person(msgspec.Struct):
    """Who is signed in at the provider."""

    sub: str
    email: str | None = None
    email_verified: bool | str | None = True
    given_name: str | None = None
    family_name: str | None = None
    name: str | None = None


class Grant(msgspec.Struct):
    """A code that was given out."""

    person: Person
    challenge: str
    nonce: str
    redirect_uri: str
    client_id: str


class Provider:
    """One provider on a port of its own, in a thread of this process."""

    def __init__(self, *, tells_issuer: bool = False) -> None:
        """`tells_issuer`: says who answers, as RFC 9207 has it."""
        self.tells_issuer = tells_issuer
        # Whose assertions replace a secret, as Apple has it.
        self.client_key: ECKey | None = None
        self.port = free_port()
        self.issuer = f"http://127.0.0.1:{self.port}"
        self.reset()
        self._stopping = threading.Event()
        app = Litestar(
            [self._discovery(), self._jwks(), self._authorize(), self._token()],
            logging_config=None,
            openapi_config=None,
        )
        self._server = uvicorn.Server(
            uvicorn.Config(app, host="127.0.0.1", port=self.port, log_config=None, access_log=False)
        )
        self._thread = threading.Thread(target=self._server.run)

    def reset(self) -> None:
        """Forget everything but the clients."""
        self.person = Person("ada", email="ada@example.com", given_name="Ada")
        self.fault = Fault.NONE
        # Requests behind the scenes, by their path.
        self.asked: list[str] = []
        self.auth_methods = ["client_secret_basic"]
        self.keys = [_key("first")]
        self._grants: dict[str, Grant] = {}
        self._known: set[str] = set()

    async def start(self) -> None:
        self._thread.start()
        while not self._server.started:
            assert self._thread.is_alive(), "the provider has ended"
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        self._stopping.set()
        self._server.should_exit = True
        await asyncio.to_thread(self._thread.join)

    def rotate(self) -> None:
        """From now on another key signs, and the old one is gone."""
        self.keys = [_key("second")]

    # The endpoints.

    def _discovery(self) -> Any:
        @get("/.well-known/openid-configuration", sync_to_thread=False)
        def discovery() -> dict[str, Any]:
            self.asked.append("discovery")
            other = self.fault is Fault.OTHER_DISCOVERY
            return {
                "issuer": "https://other.example" if other else self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/jwks",
                "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
                "token_endpoint_auth_methods_supported": self.auth_methods,
                "authorization_response_iss_parameter_supported": self.tells_issuer,
            }

        return self._faulty(discovery)

    def _jwks(self) -> Any:
        @get("/jwks", sync_to_thread=False)
        def jwks() -> dict[str, Any]:
            self.asked.append("jwks")
            return {"keys": [key.as_dict(private=False, use="sig") for key in self.keys]}

        return self._faulty(jwks)

    def _authorize(self) -> Any:
        @get("/authorize", sync_to_thread=False)
        def authorize(request: Request[Any, Any, Any]) -> Response[Any]:
            wanted = request.query_params
            assert wanted["response_type"] == "code"
            assert wanted["client_id"] == CLIENT_ID
            assert "openid" in wanted["scope"].split()
            assert wanted["code_challenge_method"] == "S256"
            told = {"state": wanted["state"]} | self._answer(wanted)
            if wanted.get("response_mode") != "form_post":
                return Response(
                    None,
                    status_code=303,
                    headers={"location": f"{wanted['redirect_uri']}?{urlencode(told)}"},
                )
            if "code" in told and self.person.sub not in self._known:
                # Apple tells the name here, once.
                names = {"firstName": self.person.given_name, "lastName": self.person.family_name}
                told["user"] = msgspec.json.encode({"name": names}).decode()
                self._known.add(self.person.sub)
            return Response({"action": wanted["redirect_uri"], "fields": told})

        return authorize

    def _answer(self, wanted: Any) -> dict[str, str]:
        if self.fault is Fault.DENIED:
            return {"error": "access_denied", "error_description": "<script>", **self._iss()}
        if self.fault is Fault.OUTAGE:
            return {"error": "temporarily_unavailable", **self._iss()}
        code = secrets.token_urlsafe(16)
        self._grants[code] = Grant(
            msgspec.structs.replace(self.person),
            wanted["code_challenge"],
            wanted["nonce"],
            wanted["redirect_uri"],
            wanted["client_id"],
        )
        return {"code": code, "scope": "openid", **self._iss()}

    def _iss(self) -> dict[str, str]:
        if self.fault is Fault.WRONG_ANSWER_ISSUER:
            return {"iss": "https://other.example"}
        tells = self.tells_issuer and self.fault is not Fault.NO_ANSWER_ISSUER
        return {"iss": self.issuer} if tells else {}

    def _token(self) -> Any:
        @post("/token", status_code=200)
        async def token(request: Request[Any, Any, Any]) -> Response[Any]:
            self.asked.append("token")
            form = dict(await request.form())
            if not self._is_client(request.headers.get("authorization", ""), form):
                return _refusal(401, "invalid_client")
            # Each code works once.
            grant = self._grants.pop(form.get("code", ""), None)
            if grant is None or form.get("redirect_uri") != grant.redirect_uri:
                return _refusal(400, "invalid_grant")
            if _s256(form.get("code_verifier", "")) != grant.challenge:
                return _refusal(400, "invalid_grant")
            answer = {"access_token": "nobody needs it", "token_type": "Bearer", "expires_in": 60}
            if self.fault is not Fault.NO_ID_TOKEN:
                answer["id_token"] = self._signed(self._claims(grant))
            return Response(answer)

        return self._faulty(token)

    def _is_client(self, authorization: str, form: dict[str, str]) -> bool:
        if self.client_key is not None:
            assertion = jwt.decode(form["client_secret"], self.client_key, algorithms=["ES256"])
            assert assertion.header["kid"] == KEY_ID
            assert assertion.claims["exp"] > time.time()
            named = {name: assertion.claims[name] for name in ("iss", "sub", "aud")}
            return named == {"iss": TEAM_ID, "sub": CLIENT_ID, "aud": self.issuer}
        if "client_secret_post" in self.auth_methods:
            given = form.get("client_id", ""), form.get("client_secret", "")
        else:
            assert "client_secret" not in form
            pair = base64.b64decode(authorization.removeprefix("Basic ")).decode()
            name, _, secret = pair.partition(":")
            given = name, secret
        return given == (CLIENT_ID, CLIENT_SECRET)

    def _claims(self, grant: Grant) -> dict[str, Any]:
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "aud": grant.client_id,
            "iat": now,
            "exp": now + 300,
            "nonce": grant.nonce,
            **{k: v for k, v in msgspec.structs.asdict(grant.person).items() if v is not None},
        }
        lies: dict[Fault, dict[str, Any]] = {
            Fault.WRONG_NONCE: {"nonce": "another sign-in's"},
            Fault.WRONG_AUDIENCE: {"aud": "another client"},
            Fault.TWO_AUDIENCES: {"aud": [CLIENT_ID, "another client"]},
            Fault.WRONG_PARTY: {"azp": "another client"},
            Fault.WRONG_ISSUER: {"iss": "https://other.example"},
            Fault.EXPIRED: {"iat": now - 300, "exp": now - 120},
            Fault.FROM_THE_FUTURE: {"iat": now + 600, "exp": now + 900},
            Fault.OLD: {"iat": now - 3600},
            Fault.NO_SUBJECT: {"sub": ""},
        }
        claims |= lies.get(self.fault, {})
        if self.fault is Fault.NO_NONCE:
            del claims["nonce"]
        return claims

    def _signed(self, claims: dict[str, Any]) -> str:
        key = self.keys[0]
        header = {"alg": "RS256", "kid": key.kid}
        match self.fault:
            case Fault.UNSIGNED:
                return f"{_part({'alg': 'none', 'kid': key.kid})}.{_part(claims)}."
            case Fault.SIGNED_WITH_SECRET:
                secret = OctKey.import_key(CLIENT_SECRET)
                return jwt.encode(header | {"alg": "HS256"}, claims, secret, algorithms=["HS256"])
            case Fault.SIGNED_WITH_PUBLIC_KEY:
                # The well-known confusion: the public key taken for a shared secret.
                public = OctKey.import_key(base64.b64encode(key.as_pem(private=False)))
                return jwt.encode(header | {"alg": "HS256"}, claims, public, algorithms=["HS256"])
            case Fault.BAD_SIGNATURE:
                return jwt.encode(header, claims, _key("third"), algorithms=["RS256"])
            case Fault.UNKNOWN_KEY:
                stranger = _key("third")
                return jwt.encode(
                    {"alg": "RS256", "kid": stranger.kid}, claims, stranger, algorithms=["RS256"]
                )
        return jwt.encode(header, claims, KeySet([key]), algorithms=["RS256"])

    def _faulty(self, handler: Any) -> Any:
        """The endpoint, as far as it works at the moment."""

        async def instead(_: Request[Any, Any, Any]) -> Response[Any] | None:
            match self.fault:
                case Fault.BROKEN:
                    return Response("<h1>a secret stack trace</h1>", status_code=500)
                case Fault.HUGE:
                    return Response({"keys": "x" * 1_000_000})
                case Fault.NOT_JSON:
                    return Response("<h1>Welcome</h1>", media_type="text/html")
                case Fault.REDIRECT:
                    return Response(
                        None, status_code=307, headers={"location": f"{self.issuer}/elsewhere"}
                    )
                case Fault.SLOW:
                    await asyncio.to_thread(self._stopping.wait)
            return None

        handler.before_request = instead
        return handler


@cache
def _key(name: str) -> RSAKey:
    """Made once for the whole run: that takes a while."""
    key = RSAKey.generate_key(2048)
    key.ensure_kid()
    return key


def _refusal(status: int, error: str) -> Response[Any]:
    return Response({"error": error, "error_description": "a secret detail"}, status_code=status)


def _s256(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode()[:43]


def _part(content: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(content)).rstrip(b"=").decode()
