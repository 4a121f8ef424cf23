"""What an account or a sign-in can be refused for."""

from app.errors import Conflict, Unauthenticated


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


class RefreshRefused(Unauthenticated):
    """The refresh token is unknown, over, revoked or was used before: sign in again."""

    code = "REFRESH_REFUSED"

    def __init__(self) -> None:
        super().__init__("This sign-in has ended. Sign in again.")


class AccessTokenRefused(Unauthenticated):
    """An access token was sent, and it is not a valid one of ours (any more)."""

    def __init__(self, message: str = "The access token is not valid.") -> None:
        super().__init__(message)
