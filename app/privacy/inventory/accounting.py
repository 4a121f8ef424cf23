"""Receipts and invoices: kept as they were issued. Tax law wants them for years, with names."""

from app.privacy.declaring import PERSON, held, part
from db.models import Document, DocumentCounter

WRITTEN = "what was issued stays as it was, for the tax office"
_counted = "issuer series year last issued_at"
_told = (
    "id issuer number kind side booking_id payment_id refund_id corrects_id currency total_minor"
    " content issued_at"
)

TABLES = (
    held(
        DocumentCounter,
        hidden={"about nobody": _counted},
        kept={"about nobody": _counted},
    ),
    held(
        Document,
        part(Document, "documents", Document.user_id == PERSON, _told),
        hidden={"the person": "user_id"},
        kept={WRITTEN: f"{_told} user_id"},
    ),
)
