"""People, and how they sign in."""

from sqlalchemy import String, cast, func, select, tuple_

from app.identity.rules import NOWHERE
from app.privacy.declaring import PERSON, held, part
from db.models import (
    AccountLink,
    Challenge,
    DataExport,
    HostDetails,
    Identity,
    OidcSignIn,
    Passkey,
    RecoveryCode,
    RefreshToken,
    SignInEvent,
    SignInSession,
    StaffAction,
    TotpSecret,
    User,
)

NAME = "Deleted user"

own_sessions = select(SignInSession.id).where(SignInSession.user_id == PERSON)
own_identities = select(Identity.provider, Identity.subject).where(Identity.user_id == PERSON)

ACCOUNT = part(
    User,
    "account",
    User.id == PERSON,
    "id email username first_name last_name bio languages timezone currency phone role is_host"
    " host_since_at email_verified_at suspended_at deletion_scheduled_at created_at",
    derived={"has_password": User.password_hash.is_not(None)},
    erased={
        "email": func.concat(User.id, NOWHERE),
        # Its last 16 hexadecimal digits are random.
        "username": func.concat(
            "deleted.", func.right(func.replace(cast(User.id, String), "-", ""), 16)
        ),
        "password_hash": None,
        "first_name": NAME,
        "last_name": "",
        "bio": "",
        "languages": [],
        "timezone": None,
        "currency": None,
        "phone": None,
        "role": "USER",
        "email_verified_at": None,
    },
)

TABLES = (
    held(
        User,
        ACCOUNT,
        part(
            User,
            "picture",
            User.id == PERSON,
            "picture_url",
            erased={"picture_url": None},
            files="picture_url",
        ),
        hidden={
            "a secret, and only a hash: the export says whether there is one": "password_hash",
            "only set once there is nobody to ask": "erased_at",
        },
        kept={
            "what the other side's history and the books refer to": "id",
            "says nothing about who it was": "is_host host_since_at suspended_at created_at"
            " erased_at deletion_scheduled_at",
        },
    ),
    held(
        HostDetails,
        part(
            HostDetails,
            "hostDetails",
            HostDetails.user_id == PERSON,
            "kind legal_name country born_on registration_number terms_version agreed_at",
            deleted=True,
        ),
        hidden={"the person": "user_id"},
    ),
    held(
        AccountLink,
        part(
            AccountLink,
            "mailedLinks",
            AccountLink.user_id == PERSON,
            "purpose email new_email created_at expires_at used_at",
            deleted=True,
        ),
        hidden={"what mailed codes are made of": "id", "the person": "user_id"},
    ),
    held(
        OidcSignIn,
        part(
            OidcSignIn,
            "providerSignIns",
            tuple_(OidcSignIn.provider, OidcSignIn.subject).in_(own_identities),
            "provider subject email email_verified first_name last_name return_to created_at"
            " expires_at used_at",
            deleted=True,
        ),
        hidden={"secrets' hashes": "state_hash browser_hash code_hash code_challenge"},
    ),
    held(
        Identity,
        part(
            Identity,
            "identities",
            Identity.user_id == PERSON,
            "id provider subject email created_at last_used_at",
            deleted=True,
        ),
        hidden={"the person": "user_id"},
    ),
    held(
        DataExport,
        part(
            DataExport,
            "dataExports",
            DataExport.user_id == PERSON,
            "id requested_at ready_at expires_at",
            deleted=True,
        ),
        hidden={"the person": "user_id", "an earlier document like this one": "content"},
    ),
    held(
        RefreshToken,
        part(
            RefreshToken,
            "refreshTokens",
            RefreshToken.session_id.in_(own_sessions),
            "session_id issued_at used_at",
            deleted=True,
        ),
        hidden={"a secret's hash, and a hash to tell a retry from a theft": "token_hash used_by"},
    ),
    held(
        SignInSession,
        part(
            SignInSession,
            "sessions",
            SignInSession.user_id == PERSON,
            "id user_agent created_at last_used_at expires_at revoked_at revoked_reason",
            deleted=True,
        ),
        hidden={"the person": "user_id"},
    ),
    held(
        TotpSecret,
        part(
            TotpSecret,
            "authenticatorApp",
            TotpSecret.user_id == PERSON,
            "created_at confirmed_at",
            deleted=True,
        ),
        hidden={
            "the person": "user_id",
            "a secret, and how far it was used": "sealed_secret last_step",
        },
    ),
    held(
        RecoveryCode,
        part(
            RecoveryCode,
            "recoveryCodes",
            RecoveryCode.user_id == PERSON,
            "created_at",
            deleted=True,
        ),
        hidden={"the person": "user_id", "a secret's hash": "code_hash"},
    ),
    held(
        Passkey,
        part(
            Passkey,
            "passkeys",
            Passkey.user_id == PERSON,
            "name transports created_at last_used_at",
            deleted=True,
        ),
        hidden={
            "the person, and the passkey": "id user_id",
            "what its answers are checked by": "credential_id public_key sign_count",
        },
    ),
    held(
        Challenge,
        part(
            Challenge,
            "challenges",
            Challenge.user_id == PERSON,
            "purpose created_at expires_at",
            deleted=True,
        ),
        hidden={
            "the person": "user_id",
            "a secret's hash, and a hash of the client": "token_hash holder",
        },
    ),
    held(
        SignInEvent,
        part(
            SignInEvent,
            "signInEvents",
            SignInEvent.user_id == PERSON,
            "kind session_id user_agent address occurred_at",
            erased={"user_agent": "", "address": ""},
        ),
        hidden={"the line and the person": "id user_id"},
        kept={
            "the trail only grows: what happened stays": "id user_id kind session_id occurred_at"
        },
    ),
    held(
        StaffAction,
        part(
            StaffAction,
            "staffActions",
            StaffAction.subject_id == PERSON,
            "kind role new_role occurred_at",
            erased={"reason": ""},
        ),
        part(
            StaffAction,
            "doneAsStaff",
            StaffAction.staff_id == PERSON,
            "kind role new_role occurred_at",
        ),
        hidden={
            "the line, and what it was about": "id object_id",
            "both sides of it are people": "staff_id subject_id",
            "among staff: it may speak of others": "reason",
            "of use with the log only": "request_id",
        },
        kept={
            "the trail only grows: what was done, by whom, stays": "id staff_id role kind"
            " subject_id object_id new_role request_id occurred_at"
        },
    ),
)
