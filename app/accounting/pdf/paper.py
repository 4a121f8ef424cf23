"""A document as a PDF. The same document is the same bytes, whenever it is made."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
from babel import Locale
from babel.dates import format_date, format_datetime
from fpdf import FPDF
from fpdf.enums import Align, TableBordersLayout, XPos, YPos
from fpdf.fonts import FontFace

from app.accounting.pdf import fonts
from app.accounting.rules import Content, Party
from app.countries import country_name
from app.line_items import LineItem
from app.money import printed
from db.enums import DocumentKind, PaymentMethod

LOCALE = Locale("en")
MARGIN, BOTTOM, GUTTER = 20, 25, 8
INK, GREY, RULE, PALE = (28, 32, 38), (104, 112, 122), (208, 213, 219), (244, 246, 248)
TITLES = {
    DocumentKind.RECEIPT: "Receipt",
    DocumentKind.REFUND_RECEIPT: "Refund receipt",
    DocumentKind.INVOICE: "Invoice",
    DocumentKind.CREDIT_NOTE: "Credit note",
}
TOTALS = {
    DocumentKind.RECEIPT: "Paid",
    DocumentKind.REFUND_RECEIPT: "Refunded",
    DocumentKind.INVOICE: "Total",
    DocumentKind.CREDIT_NOTE: "Credited",
}
METHODS = {
    PaymentMethod.CARD: "card",
    PaymentMethod.MOBILE_MONEY: "mobile money",
    PaymentMethod.BANK_TRANSFER: "bank transfer",
}


class Printed(msgspec.Struct, frozen=True, kw_only=True):
    """A document with everything that stands on it."""

    kind: DocumentKind
    number: str
    currency: str
    total_minor: int
    issued_at: datetime
    content: Content


def render(document: Printed) -> bytes:
    """The document as a PDF. Takes some tenths of a second of a processor."""
    content = _map_texts(document.content)
    page = _Page(document.number, content)
    page.set_title(f"{TITLES[document.kind]} {document.number}")
    page.set_author(content.issuer.name)
    page.set_creation_date(document.issued_at)
    page.add_page()
    _head(page, document, content)
    _parties(page, content)
    _stay(page, content)
    _lines(page, document, content.line_items)
    _notes(page, document, content)
    return bytes(page.output())


class _Page(FPDF):
    """A4 in our fonts, with who issued it and the page at the foot."""

    def __init__(self, number: str, content: Content) -> None:
        super().__init__(format="A4")
        self._number, self._issuer = number, content.issuer
        self.set_margins(MARGIN, MARGIN, MARGIN)
        self.set_auto_page_break(True, BOTTOM)
        self.set_producer("Roost")
        self.set_lang("en")
        self.add_font("text", "", fonts.REGULAR)
        self.add_font("text", "B", fonts.BOLD)
        others = fonts.needed(_texts(content))
        for name in others:
            self.add_font(name, "", fonts.path(name))
        self.set_fallback_fonts(others, exact_match=False)
        self.set_text_shaping(True)

    def footer(self) -> None:
        self.set_y(-BOTTOM + 7)
        self.set_draw_color(*RULE)
        self.line(MARGIN, self.get_y(), self.w - MARGIN, self.get_y())
        self.set_y(-BOTTOM + 9)
        self.style(8, GREY)
        # The number of pages is filled in at the end, which shaping would hide.
        self.set_text_shaping(False)
        self.cell(self.epw, 5, f"{self._number} · Page {self.page_no()} of {{nb}}", align=Align.R)
        self.set_text_shaping(True)
        self.set_x(MARGIN)
        self.cell(self.epw - 60, 5, self.fitting(self._issuer.name, self.epw - 60))

    def style(self, size: float, color: tuple[int, int, int] = INK, bold: bool = False) -> None:
        self.set_font("text", "B" if bold else "", size)
        self.set_text_color(*color)

    def fitting(self, text: str, width: float) -> str:
        """As much of a text as fits into one line."""
        if self.get_string_width(text) <= width:
            return text
        while text and self.get_string_width(f"{text}…") > width:
            text = text[:-1]
        return f"{text}…"

    def paragraph(self, text: str, width: float | None = None, height: float = 5) -> None:
        """A text in as many lines as it takes, beginning where the last one began."""
        # A line in several fonts forgets at its end which one was set before it; the library
        # does not know that.
        self.current_font_is_set_on_page = False
        self.multi_cell(
            width or self.epw, height, text, align=Align.L, new_x=XPos.LEFT, new_y=YPos.NEXT
        )


def _head(page: _Page, document: Printed, content: Content) -> None:
    half = page.epw * 0.55
    page.style(13, bold=True)
    page.paragraph(content.issuer.name, half, 6.5)
    left = page.get_y()
    page.set_xy(MARGIN + half, MARGIN)
    page.style(20, bold=True)
    page.cell(page.epw - half, 9, TITLES[document.kind], align=Align.R, new_y=YPos.NEXT)
    page.set_x(MARGIN + half)
    page.style(10, GREY)
    facts = [document.number, _day(document.issued_at, content)]
    if content.corrects:
        facts.append(f"for {content.corrects}")
    for fact in facts:
        page.set_x(MARGIN + half)
        page.cell(page.epw - half, 5, fact, align=Align.R, new_y=YPos.NEXT)
    page.set_y(max(left, page.get_y()) + GUTTER)


def _parties(page: _Page, content: Content) -> None:
    width = (page.epw - GUTTER) / 2
    top, bottom = page.get_y(), 0.0
    sides = ("From", content.issuer), ("To", content.recipient)
    for number, (label, party) in enumerate(sides):
        page.set_xy(MARGIN + number * (width + GUTTER), top)
        _party(page, label, party, width)
        bottom = max(bottom, page.get_y())
    page.set_xy(MARGIN, bottom + GUTTER)


def _party(page: _Page, label: str, party: Party, width: float) -> None:
    page.style(8, GREY)
    page.paragraph(label, width)
    page.style(10, bold=True)
    page.paragraph(party.name, width)
    page.style(10)
    for line in party.lines:
        page.paragraph(line, width)


def _stay(page: _Page, content: Content) -> None:
    stay = content.stay
    nights = (stay.check_out - stay.check_in).days
    days = " – ".join(
        format_date(day, "d MMM y", locale=LOCALE) for day in (stay.check_in, stay.check_out)
    )
    place = ", ".join(part for part in (stay.city, country_name(stay.country)) if part)
    page.style(8, GREY)
    page.paragraph("Stay")
    page.style(10, bold=True)
    page.paragraph(stay.title)
    page.style(10)
    page.paragraph(place)
    page.paragraph(f"{days} · {_count(nights, 'night')} · {_count(stay.guests, 'guest')}")
    if content.on_behalf_of:
        page.paragraph(f"Hosted by {content.on_behalf_of}")
    page.style(8, GREY)
    page.paragraph(f"Booking {stay.booking_id}")
    page.ln(GUTTER)


def _lines(page: _Page, document: Printed, items: Sequence[LineItem]) -> None:
    page.style(9.5)
    page.set_draw_color(*RULE)
    heading = FontFace(emphasis="BOLD", color=GREY, size_pt=8)
    with page.table(
        col_widths=(86, 16, 34, 34),
        text_align=(Align.L, Align.R, Align.R, Align.R),
        borders_layout=TableBordersLayout.HORIZONTAL_LINES,
        headings_style=heading,
        line_height=5,
        padding=(1.6, 0, 1.6, 0),
        width=page.epw,
    ) as table:
        table.row(("Description", "Quantity", "Each", "Amount"))
        for item in items:
            table.row(
                (
                    item.description,
                    str(item.quantity),
                    _money(item.unit_minor, document),
                    _money(item.amount_minor, document),
                )
            )
    page.style(12, bold=True)
    page.set_fill_color(*PALE)
    page.ln(2)
    if page.will_page_break(10):
        page.add_page()
    half = page.epw / 2
    page.cell(half, 10, f"  {TOTALS[document.kind]}", fill=True)
    total = _money(document.total_minor, document)
    page.cell(half, 10, f"{total}  ", align=Align.R, fill=True, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    page.ln(GUTTER / 2)


def _notes(page: _Page, document: Printed, content: Content) -> None:
    page.style(9, GREY)
    for note in _words(document, content):
        page.paragraph(note)
        page.ln(1.5)


def _words(document: Printed, content: Content) -> Iterator[str]:
    moved = content.moved_at.astimezone(ZoneInfo(content.timezone))
    at = f"{format_datetime(moved, 'd MMMM y, HH:mm', locale=LOCALE)} ({content.timezone})"
    method = METHODS[content.method]
    match document.kind:
        case DocumentKind.RECEIPT:
            yield f"Paid by {method} on {at}."
        case DocumentKind.REFUND_RECEIPT:
            yield f"Given back by {method} on {at}."
        case DocumentKind.INVOICE:
            yield f"Settled by {method} on {at}: nothing is left to be paid."
        case DocumentKind.CREDIT_NOTE:
            yield f"Settled on {at}."
    if content.on_behalf_of:
        yield (
            f"{content.issuer.name} takes and gives back money for the stay on behalf of the host, "
            "who provides it, and hands taxes that it has collected to the authorities. Our "
            "services are invoiced on their own."
        )
    if content.note:
        yield content.note


def _texts(content: Content) -> Iterable[str]:
    """All words of a document that are not ours."""
    yield from (content.issuer.name, *content.issuer.lines, content.note)
    yield from (content.recipient.name, *content.recipient.lines, content.on_behalf_of or "")
    yield from (content.stay.title, content.stay.city)
    yield from (item.description for item in content.line_items)


def _map_texts(content: Content) -> Content:
    """The same in characters that can be printed."""
    clean = fonts.printable
    stay = msgspec.structs.replace(
        content.stay, title=clean(content.stay.title), city=clean(content.stay.city)
    )
    return msgspec.structs.replace(
        content,
        issuer=_clean_party(content.issuer),
        recipient=_clean_party(content.recipient),
        on_behalf_of=content.on_behalf_of and clean(content.on_behalf_of),
        stay=stay,
        line_items=tuple(
            msgspec.structs.replace(item, description=clean(item.description))
            for item in content.line_items
        ),
        note=clean(content.note),
    )


def _clean_party(party: Party) -> Party:
    clean = fonts.printable
    return Party(clean(party.name), tuple(map(clean, party.lines)))


def _money(amount_minor: int, document: Printed) -> str:
    return printed(amount_minor, document.currency)


def _day(instant: datetime, content: Content) -> str:
    return format_date(instant.astimezone(ZoneInfo(content.timezone)), "d MMMM y", locale=LOCALE)


def _count(number: int, one: str) -> str:
    return f"{number} {one if number == 1 else one + 's'}"
