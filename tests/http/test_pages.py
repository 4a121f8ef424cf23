"""The pages that mailed links lead to: theirs alone, and only where there is no web app."""

import base64
import hashlib
import re

import httpx2
import msgspec
import pytest

from app.config import Settings
from app.http.pages import PAGES
from app.http.policies import ROUTES
from tests.http.conftest import client_of, serving


def digests(tag: str, document: str) -> list[str]:
    found = re.findall(rf"<{tag}[^>]*>(.*?)</{tag}>", document, re.DOTALL)
    return [base64.b64encode(hashlib.sha256(each.encode()).digest()).decode() for each in found]


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_runs_nothing_but_its_own(client: httpx2.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    (script,), (style,) = digests("script", answer.text), digests("style", answer.text)
    assert f"script-src 'sha256-{script}';" in policy
    assert f"style-src 'sha256-{style}';" in policy
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    assert not re.findall(r"""(?:src|href)=["']?(?:https?:)?//""", answer.text)
    assert not re.findall(r"""\son[a-z]+=|style=""", answer.text)
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert PAGES[path].title in answer.text


async def test_they_send_to_routes_that_there_are() -> None:
    for path, page in PAGES.items():
        assert f"GET {path}" in ROUTES
        assert f"POST {page.post}" in ROUTES


async def test_a_web_app_has_its_own(settings: Settings) -> None:
    settings = msgspec.structs.replace(settings, web_origins=("https://roost.example",))
    async with serving(settings) as app, client_of(app) as client:
        for path in PAGES:
            assert (await client.get(path)).status_code == 404
