"""The outbox: what is done has no payload any more, so only what still waits can name somebody."""

from sqlalchemy import String, and_, cast, or_, select

from app.privacy.declaring import PERSON, held, part
from db.models import OutboxMessage, User

_address = select(cast(User.email, String)).where(User.id == PERSON).scalar_subquery()
_payload = OutboxMessage.payload

# Found by the account's address, so it goes before that does. Tasks that name nobody are left to do
# their work: one of them deletes files.
WAITING = part(
    OutboxMessage,
    "waitingMessages",
    and_(
        OutboxMessage.done_at.is_(None),
        or_(
            and_(_payload["user_id"].astext == cast(PERSON, String), _payload.has_key("old_email")),
            _payload["email"].astext == _address,
        ),
    ),
    "event created_at",
    deleted=True,
)

TABLES = (
    held(
        OutboxMessage,
        WAITING,
        hidden={
            "how a waiting job gets on": "id task payload due_at attempts last_error done_at"
            " dead_at"
        },
    ),
)
