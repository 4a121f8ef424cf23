"""Where mails about saved searches are stopped: a plain address, for browsers and mail programs.

Opening it does nothing, since mail scanners open links, too. Its button posts to the same address,
and so do mail programs that offer one of their own (RFC 8058).
"""

from functools import cache
from typing import Annotated, Any

from jinja2 import Environment, StrictUndefined
from litestar import MediaType, Request, Response, get, post
from litestar.params import PathParameter
from markupsafe import Markup

from app.http.auth import client_of
from app.http.pages import style_digest, template_text
from app.http.problems import documented
from app.http.signed_in import NO_STORE
from app.http.state import keys_of, runtime_of
from app.saved import flows

PATH = "/saved-searches/unsubscribe/{code:str}"
Code = Annotated[str, PathParameter(max_length=128, description="From the mailed link.")]

ASKING = (
    "Stop these mails?",
    "Then no more mail comes about this saved search. The search itself stays.",
)
DONE = "It is done", "No more mail comes about this saved search."


@get(
    PATH,
    tags=["Saved searches"],
    summary="A page that asks whether to stop mail about a saved search",
    description="Nothing is done by opening it; its button posts to the same address.",
    media_type=MediaType.HTML,
    response_description="The page.",
    responses=documented(400),
)
async def unsubscribe_page(code: Code) -> Response[bytes]:
    return _page(*ASKING, is_asking=True)


@post(
    PATH,
    status_code=200,
    tags=["Saved searches"],
    summary="Stop mail about a saved search",
    description="By the link in such a mail, in one click (RFC 8058). Again changes nothing.",
    media_type=MediaType.HTML,
    response_description="No more mail is sent about the search.",
    responses=documented(400, 429),
)
async def unsubscribe(request: Request[Any, Any, Any], code: Code) -> Response[bytes]:
    runtime = runtime_of(request)
    await flows.unsubscribe(runtime.db, runtime.limiter, keys_of(request), code, client_of(request))
    return _page(*DONE, is_asking=False)


def _page(title: str, words: str, *, is_asking: bool) -> Response[bytes]:
    return Response(
        _document(title, words, is_asking),
        media_type=MediaType.HTML,
        headers=NO_STORE | {"content-security-policy": _policy(), "x-robots-tag": "noindex"},
    )


@cache
def _document(title: str, words: str, is_asking: bool) -> bytes:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    template = environment.from_string(template_text("unsubscribe.html"))
    # Our own file, as it is: the policy names it by its hash.
    style = Markup(template_text("account.css"))  # noqa: S704
    return template.render(title=title, words=words, is_asking=is_asking, style=style).encode()


@cache
def _policy() -> str:
    """Runs nothing, and posts to this server alone."""
    return (
        f"default-src 'none'; style-src '{style_digest()}'; img-src data:; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    )
