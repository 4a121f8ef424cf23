"""People, what they prove themselves by, and the devices they are signed in on."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, CITEXT
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Key, one_of
from db.enums import ChallengePurpose, HostKind, LinkPurpose, SignInEventKind


class User(Base):
    """A person; guest and host are the same user."""

    __tablename__ = "users"
    __table_args__ = (
        # An address is somebody's once it is verified. Until then any number of accounts may claim
        # it, so that registering tells nobody whether it is known.
        Index(
            "users_verified_email_key",
            "email",
            unique=True,
            postgresql_where=text("email_verified_at IS NOT NULL"),
        ),
        Index(None, "email"),
        Index(
            "users_erasure_idx",
            "deletion_scheduled_at",
            postgresql_where=text("deletion_scheduled_at IS NOT NULL"),
        ),
        # Who never verified: to be cleared away after a while.
        Index(
            "users_unverified_idx",
            "created_at",
            postgresql_where=text("email_verified_at IS NULL AND erased_at IS NULL"),
        ),
        CheckConstraint("role IN ('USER', 'SUPPORT', 'ADMIN')", name="role"),
        CheckConstraint("username::text ~ '^[A-Za-z0-9_.]{3,30}$'", name="username"),
        CheckConstraint("phone ~ '^\\+[1-9][0-9]{1,14}$'", name="phone"),
        CheckConstraint("is_host = (host_since_at IS NOT NULL)", name="host_since"),
    )

    id: Mapped[Key]
    email: Mapped[str] = mapped_column(CITEXT)
    username: Mapped[str] = mapped_column(CITEXT, unique=True)
    # Argon2id in PHC format; None for somebody who signs in elsewhere.
    password_hash: Mapped[str | None]
    first_name: Mapped[str]
    last_name: Mapped[str]
    bio: Mapped[str] = mapped_column(server_default="")
    picture_url: Mapped[str | None]
    # ISO 639 codes.
    languages: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    # How they want times and prices to be shown; their own alone, like the phone number (E.164).
    timezone: Mapped[str | None]
    currency: Mapped[str | None] = mapped_column(String(3))
    phone: Mapped[str | None]
    role: Mapped[str] = mapped_column(server_default="USER")
    is_host: Mapped[bool] = mapped_column(server_default=text("false"))
    host_since_at: Mapped[datetime | None]
    email_verified_at: Mapped[datetime | None]
    # Set by staff: nobody signs in to it until they take it back.
    suspended_at: Mapped[datetime | None]
    # When the account is to be erased; still set while its erasure is under way.
    deletion_scheduled_at: Mapped[datetime | None]
    # The person has gone: what is left of the row tells nothing about them.
    erased_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class HostDetails(Base):
    """What somebody had to tell to become a host; theirs alone. The phone number is the user's."""

    __tablename__ = "host_details"
    __table_args__ = (
        one_of("kind", HostKind),
        CheckConstraint(
            "(kind = 'INDIVIDUAL') = (born_on IS NOT NULL)"
            " AND (kind = 'BUSINESS') = (registration_number IS NOT NULL)",
            name="facts",
        ),
    )

    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[str]
    # As in an identity card or a company register.
    legal_name: Mapped[str]
    # Of residence, or of establishment.
    country: Mapped[str] = mapped_column(String(2))
    born_on: Mapped[date | None]
    registration_number: Mapped[str | None]
    # Which terms for hosts were agreed to, and when.
    terms_version: Mapped[str]
    agreed_at: Mapped[datetime]


class AccountLink(Base):
    """A link that was mailed to an address: who can follow it reads that address's mail.

    What is mailed is derived from the id and a key of ours (app.identity.links), so that neither
    this table nor the outbox holds anything that could be followed.
    """

    __tablename__ = "account_links"
    __table_args__ = (
        Index(None, "user_id"),
        # Old ones are dropped after a while, here and below.
        Index(None, "expires_at"),
        one_of("purpose", LinkPurpose),
        CheckConstraint(
            "(new_email IS NOT NULL) = (purpose IN ('LEAVE_EMAIL', 'TAKE_EMAIL'))",
            name="new_email",
        ),
    )

    id: Mapped[Key]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    purpose: Mapped[str]
    # Where it is sent.
    email: Mapped[str] = mapped_column(CITEXT)
    # For a change of address: the one to come. Its two links share it.
    new_email: Mapped[str | None] = mapped_column(CITEXT)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Identity(Base):
    """Who a person is to a provider (OpenID Connect): by it they sign in."""

    __tablename__ = "identities"
    __table_args__ = (UniqueConstraint("provider", "subject"), Index(None, "user_id"))

    id: Mapped[Key]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    # As the settings name it.
    provider: Mapped[str]
    # The provider's own id of the person, never used for another one.
    subject: Mapped[str]
    # What the provider said last; it is for the person to tell one identity from another.
    email: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_used_at: Mapped[datetime] = mapped_column(server_default=func.now())


class OidcSignIn(Base):
    """Somebody's way through a provider: begun, come back from, exchanged; then the row is gone.

    Neither the state, the browser's secret nor the code is kept, only their SHA-256.
    """

    __tablename__ = "oidc_sign_ins"
    __table_args__ = (
        Index(None, "code_hash", unique=True),
        Index(None, "expires_at"),
        CheckConstraint("length(state_hash) = 32", name="state_hash"),
        CheckConstraint("length(browser_hash) = 32", name="browser_hash"),
        CheckConstraint("length(code_hash) = 32", name="code_hash"),
        CheckConstraint("(code_hash IS NOT NULL) = (subject IS NOT NULL)", name="proven"),
    )

    state_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    provider: Mapped[str]
    browser_hash: Mapped[bytes]
    return_to: Mapped[str]
    # The client's own PKCE (S256): who began exchanges the code, and nobody else.
    code_challenge: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    # When somebody came back with the state: once.
    used_at: Mapped[datetime | None]
    # Whom the provider has vouched for, and the code by which the client gets it.
    code_hash: Mapped[bytes | None]
    subject: Mapped[str | None]
    email: Mapped[str | None]
    email_verified: Mapped[bool] = mapped_column(server_default=text("false"))
    first_name: Mapped[str] = mapped_column(server_default="")
    last_name: Mapped[str] = mapped_column(server_default="")


class SignInSession(Base):
    """One signed-in device: the family of its refresh tokens."""

    __tablename__ = "sign_in_sessions"
    __table_args__ = (
        Index(None, "user_id"),
        Index("sign_in_sessions_ended_idx", func.least(text("expires_at"), text("revoked_at"))),
    )

    id: Mapped[Key]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    user_agent: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_used_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoked_reason: Mapped[str | None]


class RefreshToken(Base):
    """A single-use refresh token; only its SHA-256 is kept."""

    __tablename__ = "refresh_tokens"
    __table_args__ = (
        Index(None, "session_id"),
        Index("refresh_tokens_used_idx", "used_at", postgresql_where=text("used_at IS NOT NULL")),
        CheckConstraint("length(token_hash) = 32", name="token_hash"),
    )

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    session_id: Mapped[UUID] = mapped_column(ForeignKey("sign_in_sessions.id", ondelete="CASCADE"))
    issued_at: Mapped[datetime] = mapped_column(server_default=func.now())
    # Set once, when it is exchanged. A second use later than a short retry window is a theft.
    used_at: Mapped[datetime | None]
    # Who exchanged it (a hash of user agent and address), to tell a retry from a theft.
    used_by: Mapped[str | None] = mapped_column(String(64))


class TotpSecret(Base):
    """What a person's authenticator app makes its codes of (RFC 6238)."""

    __tablename__ = "totp_secrets"

    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    # Encrypted: app.identity.sealing.
    sealed_secret: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    # None until the app has shown that it makes the right codes; it is asked for from then on.
    confirmed_at: Mapped[datetime | None]
    # The 30 seconds of the newest code that was used: neither it nor an older one works again.
    last_step: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))


class RecoveryCode(Base):
    """A code that stands in for a lost factor; only its SHA-256 is kept, and it goes with use."""

    __tablename__ = "recovery_codes"
    __table_args__ = (CheckConstraint("length(code_hash) = 32", name="code_hash"),)

    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    code_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Passkey(Base):
    """A WebAuthn credential of a person: the public half of a key in their device."""

    __tablename__ = "passkeys"
    __table_args__ = (
        Index(None, "user_id"),
        CheckConstraint("length(credential_id) BETWEEN 1 AND 1023", name="credential_id"),
        CheckConstraint("sign_count >= 0", name="sign_count"),
    )

    id: Mapped[Key]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    credential_id: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    # COSE_Key, as the authenticator gave it.
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    # How often the authenticator says that it has signed; 0 from those that do not count.
    sign_count: Mapped[int] = mapped_column(BigInteger)
    # How browsers reach it: hints for the next time.
    transports: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    name: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_used_at: Mapped[datetime | None]


class Challenge(Base):
    """Something to be answered once, soon, by whom it was given to; only its SHA-256 is kept."""

    __tablename__ = "challenges"
    __table_args__ = (
        Index(None, "user_id"),
        Index(None, "expires_at"),
        one_of("purpose", ChallengePurpose),
        CheckConstraint("(user_id IS NULL) = (purpose = 'PASSKEY_SIGN_IN')", name="user_id"),
        CheckConstraint("length(token_hash) = 32", name="token_hash"),
    )

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    purpose: Mapped[str]
    # None while nobody knows whose passkey it will be.
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    # Who may answer: a client (its fingerprint), or a sign-in session (its id).
    holder: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]


class SignInEvent(Base):
    """One line of the audit trail; a trigger refuses to change or delete any.

    Only where it came from may be forgotten: see docs/decisions/0054.
    """

    __tablename__ = "sign_in_events"
    __table_args__ = (
        Index(None, "user_id", "id"),
        Index(
            "sign_in_events_traced_idx",
            "occurred_at",
            postgresql_where=text("address <> '' OR user_agent <> ''"),
        ),
        one_of("kind", SignInEventKind),
    )

    id: Mapped[Key]
    # None when somebody tried a login that nobody has.
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    kind: Mapped[str]
    # Not a foreign key: the line outlives the session.
    session_id: Mapped[UUID | None]
    user_agent: Mapped[str] = mapped_column(server_default="")
    address: Mapped[str] = mapped_column(server_default="")
    occurred_at: Mapped[datetime] = mapped_column(server_default=func.now())
