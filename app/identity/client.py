"""The program that asks, as far as it can be told from others."""

import hashlib

import msgspec

MAX_USER_AGENT = 256


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """Where a request comes from; both are empty for our own jobs."""

    user_agent: str = ""
    address: str = ""

    @property
    def fingerprint(self) -> str:
        """Tells a client's retry from somebody else's use; 64 hex digits."""
        return hashlib.sha256(f"{self.address}\n{self.user_agent}".encode()).hexdigest()


def client_from(user_agent: str, address: str) -> Client:
    """A client by what its request says, made fit to be kept and shown."""
    if not user_agent.isprintable():
        user_agent = "".join(letter for letter in user_agent if letter.isprintable())
    return Client(user_agent=user_agent[:MAX_USER_AGENT], address=address)
