"""Why signing in through a provider is refused, or does not work now."""

from app.errors import Conflict, DomainError, NotFound, Unavailable


class UnknownProvider(NotFound):
    """The settings name no such provider."""

    def __init__(self) -> None:
        super().__init__("There is no such provider.")


class ProviderUnavailable(Unavailable):
    """The provider does not answer, or not as it should. Other ways to sign in are as usual."""

    code = "PROVIDER_UNAVAILABLE"

    def __init__(self) -> None:
        super().__init__("This provider does not answer at the moment. Try again later.")


class SignInExpired(DomainError):
    """Nobody waits for this return: never begun here, over, or done already."""

    code = "SIGN_IN_EXPIRED"

    def __init__(self) -> None:
        super().__init__("This sign-in has expired, or was begun elsewhere. Begin it again.")


class ProofRefused(Exception):
    """What the provider sent proves nothing. The reason is for the log, not for the client."""


class CodeRefused(DomainError):
    """A code is not ours, was used, has expired, or was made for another client."""

    code = "CODE_REFUSED"

    def __init__(self) -> None:
        super().__init__("This code has been used or has expired. Sign in again.")


class EmailMissing(DomainError):
    """An account needs an e-mail address, and the provider has told none."""

    code = "EMAIL_MISSING"

    def __init__(self) -> None:
        super().__init__("The provider did not tell us your e-mail address. Allow it to.")


class IdentityTaken(Conflict):
    """The person at the provider signs in to another account."""

    code = "IDENTITY_TAKEN"

    def __init__(self) -> None:
        super().__init__("This identity signs in to another account. Remove it there first.")
