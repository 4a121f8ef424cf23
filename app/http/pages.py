"""The pages that mailed links lead to where there is no web app: in development, above all.

Each is one self-contained document. It takes the code out of the address's fragment, which
browsers send nowhere, and hands it to the same routes that apps use. Nothing is done by opening
it: mail scanners open links, too.
"""

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from jinja2 import Environment, StrictUndefined
from litestar import MediaType, Request, Response, get
from markupsafe import Markup

TEMPLATES = Path(__file__).parent / "templates"


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """The one thing to type."""

    name: str
    label: str
    type: str
    autocomplete: str
    hint: str


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """What one page says, and the route that it sends to."""

    post: str
    title: str
    words: str
    button: str
    done: str
    afterwards: str
    field: Field | None = None
    # Whether it is of use only with a mailed code.
    follows: bool = True


PAGES: Mapping[str, Page] = {
    "/verify-email": Page(
        post="/auth/verify-email",
        title="Confirm your e-mail address",
        words="Then you can book and host on Roost.",
        button="Confirm my address",
        done="Your address is confirmed",
        afterwards="You can close this page, and go on where you were.",
    ),
    "/confirm-email-change": Page(
        post="/auth/confirm-email-change",
        title="Change your e-mail address",
        words="Your account moves once both addresses, the old one and the new one, have agreed.",
        button="Yes, change it",
        done="Your address is changed",
        afterwards="Sign in with the new one from now on.",
    ),
    "/reset-password": Page(
        post="/auth/reset-password",
        title="Set a new password",
        words="You will be signed out everywhere, and can sign in again with the new one.",
        button="Set the password",
        done="Your password is set",
        afterwards="Sign in with it. We have signed you out everywhere else.",
        field=Field(
            name="password",
            label="New password",
            type="password",
            autocomplete="new-password",
            hint="At least 10 characters. A few unrelated words are hard to guess.",
        ),
    ),
    "/forgot-password": Page(
        post="/auth/forgot-password",
        title="Forgotten your password?",
        words="We will mail you a link to set a new one.",
        button="Mail me a link",
        done="Look into your mail",
        afterwards="If this address has an account, a link is on its way. It lasts an hour.",
        field=Field(
            name="email",
            label="E-mail address",
            type="email",
            autocomplete="email",
            hint="The one that you use on Roost.",
        ),
        follows=False,
    ),
}


@get(list(PAGES), include_in_schema=False)
async def account_page(request: Request[Any, Any, Any]) -> Response[bytes]:
    return Response(
        _document(request.url.path.rstrip("/")),
        media_type=MediaType.HTML,
        headers={"cache-control": "no-cache", "content-security-policy": _policy()},
    )


@cache
def _document(path: str) -> bytes:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    template = environment.from_string(template_text("account.html"))
    # Our own files, as they are: the policy names them by their hashes.
    style, script = Markup(template_text("account.css")), Markup(template_text("account.js"))  # noqa: S704
    return template.render(page=PAGES[path], style=style, script=script).encode()


@cache
def _policy() -> str:
    """Runs what is written in the page, asks this server, and nothing else."""
    return (
        f"default-src 'none'; script-src '{_digest('account.js')}'; "
        f"style-src '{style_digest()}'; img-src data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def style_digest() -> str:
    """The style's hash, for a page's policy."""
    return _digest("account.css")


def _digest(name: str) -> str:
    return (
        "sha256-" + base64.b64encode(hashlib.sha256(template_text(name).encode()).digest()).decode()
    )


def template_text(name: str) -> str:
    """A file of the pages', as it is."""
    return (TEMPLATES / name).read_text(encoding="utf-8")
