"""What an account or a sign-in can be refused for."""

from app.errors import Conflict, DomainError, Forbidden, Unauthenticated


class UsernameTaken(Conflict):
    """Somebody else has this username. Usernames are public, so saying so gives nothing away."""

    code = "USERNAME_TAKEN"

    def __init__(self) -> None:
        super().__init__("This username is taken.")


class SignInRefused(Unauthenticated):
    """Unknown account or wrong password: the two look, and last, the same."""

    code = "SIGN_IN_REFUSED"

    def __init__(self) -> None:
        super().__init__("No account matches this login and password.")


class AccountSuspended(Unauthenticated):
    """Staff have suspended the account. Only who knows its password is told."""

    code = "ACCOUNT_SUSPENDED"

    def __init__(self) -> None:
        super().__init__("This account is suspended. Write to us to have it looked at.")


class WrongPassword(Forbidden):
    """Somebody who is signed in did not know the account's password."""

    code = "WRONG_PASSWORD"

    def __init__(self) -> None:
        super().__init__("This is not your password.")


class EmailNotVerified(Forbidden):
    """Browsing needs no verified address; booking and hosting do."""

    code = "EMAIL_NOT_VERIFIED"

    def __init__(self) -> None:
        super().__init__("Confirm your e-mail address first: follow the link in our mail.")


class DeletionPending(Forbidden):
    """Whoever is going makes no new commitments; they can think better of it first."""

    code = "DELETION_PENDING"

    def __init__(self) -> None:
        super().__init__("Your account is about to be deleted. Keep it first, to do this.")


class SignInAgain(Forbidden):
    """What asks for this wants a sign-in of the last day."""

    code = "SIGN_IN_AGAIN"

    def __init__(self) -> None:
        super().__init__("You have been signed in for long: sign in again to do this.")


class EmailTaken(Conflict):
    """Only whoever reads the address's mail is told this."""

    code = "EMAIL_TAKEN"

    def __init__(self) -> None:
        super().__init__("This e-mail address belongs to another account.")


class LinkRefused(DomainError):
    """A mailed link is not ours, has been used, has expired, or has been overtaken."""

    code = "LINK_REFUSED"

    def __init__(self) -> None:
        super().__init__("This link has been used or has expired. Ask for a new one.")


class RefreshRefused(Unauthenticated):
    """The refresh token is unknown, over, revoked or was used before: sign in again."""

    code = "REFRESH_REFUSED"

    def __init__(self) -> None:
        super().__init__("This sign-in has ended. Sign in again.")


class AccessTokenRefused(Unauthenticated):
    """An access token was sent, and it is not a valid one of ours (any more)."""

    def __init__(self, message: str = "The access token is not valid.") -> None:
        super().__init__(message)


class ChallengeRefused(DomainError):
    """A challenge is not ours, was met, has expired, or was given to somebody else."""

    code = "CHALLENGE_REFUSED"

    def __init__(self) -> None:
        super().__init__("This took too long, or was finished already. Begin again.")


class SecondFactorRefused(Unauthenticated):
    """The password was right; the code is wrong or was used, or the passkey did not fit."""

    code = "SECOND_FACTOR_REFUSED"

    def __init__(self) -> None:
        super().__init__("This code or passkey is not right, or was used before.")


class PasskeyRefused(Unauthenticated):
    """What an authenticator answered does not prove anything, or is by a passkey nobody has."""

    code = "PASSKEY_REFUSED"

    def __init__(self) -> None:
        super().__init__("This passkey is not known here, or did not answer what it was asked.")


class PasskeyKnown(Conflict):
    """The credential is somebody's passkey already."""

    code = "PASSKEY_KNOWN"

    def __init__(self) -> None:
        super().__init__("This passkey is in use already.")


class FactorRefused(Forbidden):
    """Somebody who is signed in gave a code or a passkey that is not right."""

    code = "FACTOR_REFUSED"

    def __init__(self) -> None:
        super().__init__("This code or passkey is not right, or was used before.")


class ProofRequired(Forbidden):
    """Changing how one signs in wants proof that it is still the same person."""

    code = "PROOF_REQUIRED"

    def __init__(self) -> None:
        super().__init__("Prove that it is you first: see POST /auth/proof.")


class FreshSignInRequired(Forbidden):
    """There is neither password nor factor to prove anything by; only signing in again does."""

    code = "FRESH_SIGN_IN_REQUIRED"

    def __init__(self) -> None:
        super().__init__("Sign in again first.")


class TotpEnabled(Conflict):
    """There is an authenticator app already; two would not be told apart."""

    code = "TOTP_ENABLED"

    def __init__(self) -> None:
        super().__init__("Switch the authenticator app of before off first.")


class LastSignInMethod(Conflict):
    """Without it nobody could sign in to the account any more."""

    code = "LAST_SIGN_IN_METHOD"

    def __init__(self) -> None:
        super().__init__("This is your only way to sign in. Set a password first.")
