"""Documents as PDFs: the same bytes each time, and no character without a glyph."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.accounting.pdf import fonts
from app.accounting.pdf.paper import render
from app.accounting.rules import Content, Party
from db.enums import DocumentKind, LineItemKind
from tests.accounting.paper import content, printed
from tests.support.money import line

YEN = (line(LineItemKind.NIGHTS, 45_000, "3 nights"), line(LineItemKind.TAX, 1_200, "宿泊税"))
DINARS = (line(LineItemKind.NIGHTS, 1_234_567, "3 nights"),)
BACK = (line(LineItemKind.SERVICE_FEE, -35_00, "Service fee"),)


def pages(pdf: bytes) -> int:
    found = re.search(rb"/Count (\d+)", pdf)
    assert found is not None
    return int(found[1])


@pytest.mark.parametrize(
    ("told", "kind", "currency", "count"),
    [
        (content(), DocumentKind.RECEIPT, "EUR", 1),
        (content(YEN, recipient=Party("山田太郎 김민준")), DocumentKind.RECEIPT, "JPY", 1),
        (content(DINARS, recipient=Party("محمد الحسيني")), DocumentKind.RECEIPT, "KWD", 1),
        (
            content(BACK, corrects="I-2026-000001", on_behalf_of=None, note="No VAT."),
            DocumentKind.CREDIT_NOTE,
            "EUR",
            1,
        ),
        (content(YEN * 60), DocumentKind.RECEIPT, "JPY", 5),
        # Longer than a page is high, without a blank to break it at.
        (
            content(recipient=Party("W" * 300), on_behalf_of="x" * 5_000),
            DocumentKind.RECEIPT,
            "EUR",
            2,
        ),
        (content(recipient=Party("")), DocumentKind.INVOICE, "EUR", 1),
    ],
)
def test_it_is_the_same_file_each_time(
    told: Content, kind: DocumentKind, currency: str, count: int
) -> None:
    made = render(printed(told, kind, currency))
    assert made.startswith(b"%PDF-")
    assert pages(made) == count
    assert render(printed(told, kind, currency)) == made


def test_it_is_the_same_file_in_every_process() -> None:
    """Whatever order its sets are in."""
    code = (
        "import hashlib; from app.accounting.pdf.paper import render;"
        "from tests.accounting.paper import content, printed;"
        "print(hashlib.sha256(render(printed(content()))).hexdigest())"
    )
    root = Path(__file__).parents[2]
    made = {
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(root)},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(made) == 1


@pytest.mark.parametrize(
    ("text", "others"),
    [
        ("Ada Lovelace, Ελένη, Ольга, Nguyễn, ₵ ₦ ₹ €", []),
        ("محمد", ["NotoSansArabic-Regular"]),
        ("שרה", ["NotoSansHebrew-Regular"]),
        ("山田 かな 김민준", ["DroidSansFallback"]),
        ("สมชาย अमित", ["NotoSansDevanagari-Regular", "NotoSansThai-Regular"]),
        ("Հայկ გიორგი", ["NotoSansArmenian-Regular", "NotoSansGeorgian-Regular"]),
    ],
)
def test_scripts_have_fonts(text: str, others: list[str]) -> None:
    assert fonts.needed([text]) == others
    assert fonts.printable(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        # What no font has is written in Latin letters; pictures say nothing.
        ("தமிழ் பெயர்", "tmil peyr"),
        ("አበበ", "'abebe"),
        ("🏡 Cozy 😀", " Cozy "),
        ("two\nlines\tand\x00more", "two lines and more"),
    ],
)
def test_what_no_font_has(text: str, shown: str) -> None:
    assert fonts.printable(text) == shown


@given(st.text(max_size=30))
def test_no_character_is_left_without_a_glyph(text: str) -> None:
    shown = fonts.printable(text)
    known = fonts.characters(fonts.REGULAR) | fonts.INVISIBLE
    for name in fonts.needed([shown]):
        known |= fonts.characters(fonts.path(name))
    assert set(shown) <= known
    assert fonts.characters(fonts.REGULAR) <= fonts.characters(fonts.BOLD)
