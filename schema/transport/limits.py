"""How much one client may ask for at once."""

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds on requests, operations and sockets; each is refused with a typed error.

    The numbers bound the CPU that a hostile document can burn before it is refused, and the
    work that an accepted one can cause. They are far above what a real screen needs.
    """

    # One request: its body (or its query string) and the time that a client takes to send it.
    body_bytes: int = 128 * 1024
    body_seconds: float = 10.0

    # One document, checked in this order, before any rule of the specification is run.
    tokens: int = 1_000
    selections: int = 1_000
    """Fields and fragment spreads, counted as often as fragments repeat them."""
    depth: int = 12
    aliases: int = 15
    root_fields: int = 10
    merged_pairs: int = 1_000
    """Pairs of fields with one response key: validation compares each with each."""

    # One operation: see `schema.transport.measure` for how the cost is estimated.
    page_size: int = 50
    list_size: int = 10
    """What a list without `first` or `last` is assumed to hold."""
    cost: int = 10_000
    deadline_seconds: float = 10.0
    """For a query or a mutation as a whole; for a subscription, per event."""

    # One websocket, and (the last two) one stream over HTTP.
    init_seconds: float = 5.0
    frame_bytes: int = 64 * 1024
    socket_operations: int = 20
    ping_seconds: float = 20.0
    send_seconds: float = 10.0
    """A client that does not read for so long is cut off."""
