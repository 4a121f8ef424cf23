"""What handlers find on the application: the process's open neighbours and its parsed keys."""

from typing import Any

from litestar import Request

from app.identity.tokens import TokenKeys
from app.runtime import Runtime

RUNTIME = "runtime"
KEYS = "keys"
READINESS = "readiness"


def runtime_of(request: Request[Any, Any, Any]) -> Runtime:
    """The process's database, Redis, providers and settings."""
    runtime: Runtime = request.app.state[RUNTIME]
    return runtime


def keys_of(request: Request[Any, Any, Any]) -> TokenKeys:
    """The keys that sign and verify access tokens."""
    keys: TokenKeys = request.app.state[KEYS]
    return keys
