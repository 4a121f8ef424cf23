"""Addresses of files: for what they were signed, until their time is over."""

import msgspec
import pytest

from app.accounting import downloads
from app.accounting.downloads import LASTS, DocumentFile, address_of, file_of
from app.config import Settings
from app.dev.secrets import new_signing_key
from app.identity.errors import LinkRefused
from app.identity.tokens import load_keys
from app.ids import new_id
from tests.support.world import NOW

FILE = DocumentFile(new_id())


def code_of(path: str) -> str:
    return path.removeprefix(downloads.PATH)


def test_an_address_works_until_its_time_is_over(settings: Settings) -> None:
    keys = load_keys(settings)
    code = code_of(address_of(keys, FILE, NOW))
    assert file_of(keys, code, NOW) == FILE
    assert file_of(keys, code, NOW + LASTS * 0.99) == FILE
    with pytest.raises(LinkRefused):
        file_of(keys, code, NOW + LASTS)


def test_an_address_outlives_a_new_key_and_not_its_own(settings: Settings) -> None:
    code = code_of(address_of(load_keys(settings), FILE, NOW))
    newer = (new_signing_key(), *settings.auth_signing_keys)
    rotated = load_keys(msgspec.structs.replace(settings, auth_signing_keys=newer))
    assert file_of(rotated, code, NOW) == FILE
    dropped = load_keys(msgspec.structs.replace(settings, auth_signing_keys=newer[:1]))
    with pytest.raises(LinkRefused):
        file_of(dropped, code, NOW)


def test_nobody_else_can_make_one(settings: Settings) -> None:
    keys = load_keys(settings)
    code = code_of(address_of(keys, FILE, NOW))
    other = code_of(address_of(keys, DocumentFile(new_id()), NOW))
    changed = [
        code[:place] + ("A" if code[place] != "A" else "B") + code[place + 1 :]
        for place in range(len(code) - 1)
    ]
    for wrong in (*changed, "", "x", "é", code + "AAAA", other[:-20] + code[-20:]):
        with pytest.raises(LinkRefused):
            file_of(keys, wrong, NOW)
