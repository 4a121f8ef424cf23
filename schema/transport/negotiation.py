"""Which media type to answer with, from the `Accept` header (RFC 9110, GraphQL over HTTP)."""

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple


class Media(StrEnum):
    """What a response can be. Listed in the order of preference among equals."""

    GRAPHQL = "application/graphql-response+json"
    JSON = "application/json"
    EVENT_STREAM = "text/event-stream"
    MULTIPART = "multipart/mixed"
    HTML = "text/html"


SINGLE = (Media.GRAPHQL, Media.JSON, Media.EVENT_STREAM)
ANY = (*SINGLE, Media.MULTIPART)
STREAMS = (Media.EVENT_STREAM, Media.MULTIPART)

_COMMA = re.compile(r',(?=(?:[^"]*"[^"]*")*[^"]*$)')
_SEMICOLON = re.compile(r';(?=(?:[^"]*"[^"]*")*[^"]*$)')
# Headers longer than this are cut: nobody means them, and the expressions above are quadratic.
_LONGEST = 1_000
# What a header says is remembered: a client sends the same one with every request.
_REMEMBERED = 256


class _Range(NamedTuple):
    type: str
    parameters: dict[str, str]
    quality: float

    @property
    def specificity(self) -> int:
        return 0 if self.type == "*/*" else 1 if self.type.endswith("/*") else 2

    def covers(self, media: Media) -> bool:
        if self.specificity == 0:
            return True
        if self.specificity == 1:
            return media.startswith(self.type[:-1])
        if self.type != media:
            return False
        # `multipart/mixed` alone is some other protocol, `deferSpec` for one.
        spec = self.parameters.get("subscriptionspec", "")
        return media is not Media.MULTIPART or spec.startswith("1.")


class Accept:
    """A parsed `Accept` header; a missing or empty one accepts anything.

    The same object for the same header: see `accepted`.
    """

    def __init__(self, header: str | None) -> None:
        ranges = map(_parse_range, _COMMA.split(header or ""))
        self._ranges = [each for each in ranges if each is not None]
        if not self._ranges:
            self._ranges = [_Range("*/*", {}, 1.0)]

        self._best: dict[tuple[Media, ...], Media | None] = {}

    def best(self, offers: tuple[Media, ...]) -> Media | None:
        """The offer that the client likes best; None when it accepts none of them.

        A wildcard means the older `application/json`, which every client understands, and
        never a stream or a page.
        """
        try:
            return self._best[offers]
        except KeyError:
            return self._best.setdefault(offers, self._find_best(offers))

    def _find_best(self, offers: tuple[Media, ...]) -> Media | None:
        ranked = [
            (quality, explicit, -place if explicit else media is Media.JSON, media)
            for place, media in enumerate(offers)
            for quality, explicit in [self._wants(media)]
            if quality > 0 and (explicit or media in (Media.GRAPHQL, Media.JSON))
        ]
        return max(ranked)[-1] if ranked else None

    def _wants(self, media: Media) -> tuple[float, bool]:
        covering = [each for each in self._ranges if each.covers(media)]
        if not covering:
            return 0.0, False
        closest = max(covering, key=lambda each: each.specificity)
        return closest.quality, closest.specificity == 2


def accepted(header: str | None) -> Accept:
    """What an `Accept` header says."""
    return _accept(header and header[:_LONGEST])


_accept = lru_cache(_REMEMBERED)(Accept)


def _parse_range(text: str) -> _Range | None:
    kind, *rest = (part.strip() for part in _SEMICOLON.split(text))
    if kind.count("/") != 1:
        return None
    parameters = parse_parameters(rest)
    try:
        quality = float(parameters.pop("q", "1"))
    except ValueError:
        return None
    return _Range(kind.lower(), parameters, quality if 0 <= quality <= 1 else 0.0)


def parse_content_type(header: str | None) -> tuple[str, Mapping[str, str]]:
    """`Text/HTML; Charset="utf-8"` as `("text/html", {"charset": "utf-8"})`."""
    return _content_type((header or "")[:_LONGEST])


@lru_cache(_REMEMBERED)
def _content_type(header: str) -> tuple[str, Mapping[str, str]]:
    kind, *rest = (part.strip() for part in _SEMICOLON.split(header))
    return kind.lower(), MappingProxyType(parse_parameters(rest))


def parse_parameters(parts: Iterable[str]) -> dict[str, str]:
    pairs = (part.partition("=") for part in parts)
    return {name.strip().lower(): value.strip().strip('"') for name, _, value in pairs if name}
