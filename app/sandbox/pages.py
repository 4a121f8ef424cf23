"""Pages that people see in a browser: forms without script, alike for every sandbox."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import jinja2
from litestar import Request as HttpRequest
from litestar import Response

from app.sandbox.api import Api

_UNSAFE = {"javascript", "data", "vbscript", "file", "blob", "about"}
# Currencies whose minor unit is not a hundredth (ISO 4217).
_DECIMALS = {
    **dict.fromkeys(("bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf"), 0),
    **dict.fromkeys(("ugx", "vnd", "vuv", "xaf", "xof", "xpf"), 0),
    **dict.fromkeys(("bhd", "iqd", "jod", "kwd", "lyd", "omr", "tnd"), 3),
}
_SECURITY = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_MAX_FIELDS = 1_000

Fields = dict[str, str]
Page = Callable[[str, Fields], Response[str]]


def money(minor: int, code: str) -> str:
    """An amount for people: `JPY 1,200`, `EUR 12.50`, `KWD 1.250`."""
    digits = _DECIMALS.get(code.lower(), 2)
    whole, rest = divmod(abs(minor), 10**digits)
    fraction = f".{rest:0{digits}d}" if digits else ""
    return f"{'-' if minor < 0 else ''}{code.upper()} {whole:,}{fraction}"


def safe_url(url: str | None) -> str | None:
    """The address if a browser may be sent there: the web, or an app's own scheme."""
    if not url or any(ord(letter) < 33 for letter in url):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if not parts.scheme or parts.scheme in _UNSAFE:
        return None
    return url if parts.netloc or parts.scheme not in ("http", "https") else None


def with_params(url: str, params: Fields) -> str:
    """`url` with query parameters added, as providers add them to the way back."""
    parts = urlsplit(url)
    query = [*parse_qsl(parts.query, keep_blank_values=True), *params.items()]
    return urlunsplit(parts._replace(query=urlencode(query)))


def fields(encoded: bytes) -> Fields:
    """A form's fields, or a query's; none where there are absurdly many."""
    try:
        text = encoded.decode("utf-8", "replace")
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=_MAX_FIELDS))
    except ValueError:
        return {}


class Site:
    """What pages are made of: templates (a provider's own first), forms, redirects."""

    def __init__(self, api: Api, templates: Path) -> None:
        self._api = api
        self._templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader([templates, Path(__file__).parent / "templates"]),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
        )

    async def show(
        self, request: HttpRequest[Any, Any, Any], page: Page, object_id: str
    ) -> Response[str]:
        """Answer a GET."""
        return page(object_id, fields(request.scope["query_string"]))

    async def submit(
        self, request: HttpRequest[Any, Any, Any], act: Page, object_id: str
    ) -> Response[str]:
        """Answer a form, once what it changed is kept."""
        answer = act(object_id, fields(await request.body()))
        await self._api.store.flush()
        return answer

    def render(self, template: str, status: int = 200, **values: Any) -> Response[str]:
        """A page."""
        html = self._templates.get_template(template).render(money=money, **values)
        return Response(html, status_code=status, media_type="text/html", headers=_SECURITY)

    def nothing(self, title: str, text: str, status: int = 404) -> Response[str]:
        """A page that says that there is none."""
        return self.render("message.html", status, title=title, text=text, link=None, amount=None)

    def redirect(self, url: str) -> Response[str]:
        """Send the browser on."""
        return Response("", status_code=303, headers={**_SECURITY, "Location": url})
