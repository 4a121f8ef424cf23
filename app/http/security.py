"""Headers that tell browsers to trust this server's answers as little as possible."""

from collections.abc import Mapping

from app.config import Settings
from app.telemetry import App, Message, Receive, Scope, Send

HEADERS = {
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-resource-policy": b"same-origin",
}
# Pages exist in development only (GraphiQL, API documentation) and bring scripts from elsewhere.
CONTENT_POLICY = b"content-security-policy"
NO_CONTENT_ALLOWED = b"default-src 'none'; frame-ancestors 'none'; sandbox"
TWO_YEARS = b"max-age=63072000; includeSubDomains"


def headers_for(settings: Settings) -> Mapping[bytes, bytes]:
    """The headers of every answer under these settings."""
    if settings.is_production and settings.public_url.startswith("https://"):
        return HEADERS | {b"strict-transport-security": TWO_YEARS}
    return HEADERS


async def harden(
    app: App, headers: Mapping[bytes, bytes], scope: Scope, receive: Receive, send: Send
) -> None:
    """Serve by `app`, adding `headers` where the answer does not set them itself."""

    async def hardened(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = message.get("headers", ())
            given = {name.lower(): value for name, value in own}
            answer = [*own, *[each for each in headers.items() if each[0] not in given]]
            is_page = given.get(b"content-type", b"").startswith(b"text/html")
            if not is_page and CONTENT_POLICY not in given:
                answer.append((CONTENT_POLICY, NO_CONTENT_ALLOWED))
            message["headers"] = answer
        await send(message)

    await app(scope, receive, hardened)
