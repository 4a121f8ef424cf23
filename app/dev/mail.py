"""A received mail, taken apart, and the folder that keeps them across restarts."""

import email
import email.policy
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import msgspec

# Oldest go first. A development machine needs no more, and starts quickly with these.
KEPT = 500
ENVELOPE_TO = "X-Envelope-To"


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """A part that is a file. `content` is base64 in JSON."""

    filename: str
    content_type: str
    size: int
    content: bytes


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """One received mail. `to` are the envelope's recipients, hidden copies included."""

    id: str
    received_at: datetime
    sender: str = msgspec.field(name="from")
    to: tuple[str, ...]
    subject: str
    message_id: str
    headers: tuple[tuple[str, str], ...]
    text: str
    html: str
    attachments: tuple[Attachment, ...]


def parse(id: str, received_at: datetime, recipients: Sequence[str], raw: bytes) -> Mail:
    """Take a raw mail apart; what it lacks is empty."""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return Mail(
        id=id,
        received_at=received_at,
        sender=str(message.get("From", "")),
        to=tuple(recipients),
        subject=str(message.get("Subject", "")),
        message_id=str(message.get("Message-ID", "")).strip(),
        headers=tuple((name, str(value)) for name, value in message.items()),
        text=_body(message, "plain"),
        html=_body(message, "html"),
        attachments=tuple(_attachment(part) for part in message.iter_attachments()),
    )


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    return str(part.get_content()) if part is not None else ""


def _attachment(part: EmailMessage) -> Attachment:
    payload = part.get_payload(decode=True)
    content = payload if isinstance(payload, bytes) else bytes(part)
    return Attachment(
        filename=part.get_filename() or "attachment",
        content_type=part.get_content_type(),
        size=len(content),
        content=content,
    )


class Mailbox:
    """The mails of a folder, one file each, oldest first. One process owns it."""

    def __init__(self, folder: Path, kept: int = KEPT) -> None:
        self.folder = folder
        self.kept = kept
        self.address = ""  # where it receives, for people to read
        self.mails: dict[str, Mail] = {}
        folder.mkdir(parents=True, exist_ok=True)
        for path in sorted(folder.glob("*.eml")):
            self.mails[path.stem] = _load(path)

    def add(self, recipients: Sequence[str], raw: bytes) -> Mail:
        """Keep a mail, and drop the oldest ones over the limit."""
        # Named by the moment, in nanoseconds, so that the order of names is the order of arrival.
        moment = max(time.time_ns(), int(next(reversed(self.mails), 0)) + 1)
        mail = parse(f"{moment:020}", _instant(moment), recipients, raw)
        envelope = f"{ENVELOPE_TO}: {', '.join(recipients)}\r\n".encode()
        (self.folder / f"{mail.id}.eml").write_bytes(envelope + raw)
        self.mails[mail.id] = mail
        for id in list(self.mails)[: -self.kept]:
            self._remove(id)
        return mail

    def clear(self) -> None:
        """Delete every mail."""
        for id in list(self.mails):
            self._remove(id)

    def _remove(self, id: str) -> None:
        del self.mails[id]
        (self.folder / f"{id}.eml").unlink(missing_ok=True)


def _load(path: Path) -> Mail:
    envelope, _, raw = path.read_bytes().partition(b"\r\n")
    recipients = envelope.decode().removeprefix(f"{ENVELOPE_TO}:").split(",")
    received_at = _instant(int(path.stem))
    return parse(path.stem, received_at, [to.strip() for to in recipients if to.strip()], raw)


def _instant(nanoseconds: int) -> datetime:
    return datetime.fromtimestamp(nanoseconds / 1e9, UTC)
