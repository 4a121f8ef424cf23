"""Free TCP ports for servers that are told where to listen.

Several runs, and several processes of one run, share a machine. So each process claims a block of
ports for itself, below those that the system gives to whoever connects or listens anywhere (on
Linux from 32768, elsewhere from 49152), and hands them out in turn.
"""

import random
import socket
from collections.abc import Iterator
from functools import cache
from itertools import cycle

HOST = "127.0.0.1"
BLOCK = 200
FIRSTS = range(20_000, 32_000, BLOCK)


def free_port() -> int:
    """A port that nobody listens on, and that no other caller gets before `BLOCK` more are asked
    for. RuntimeError if there is none.
    """
    ports = _block().ports
    for _ in range(BLOCK):
        port = next(ports)
        try:
            with socket.create_server((HOST, port)):
                return port
        except OSError:
            pass  # a server that is still there
    raise RuntimeError("every port of this process is in use")


class _Block:
    """A block is claimed by who has UDP's port of its first number, until its process is gone."""

    def __init__(self) -> None:
        self.claim = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for first in random.sample(FIRSTS, len(FIRSTS)):
            try:
                self.claim.bind((HOST, first))
            except OSError:
                continue  # another process's
            self.ports: Iterator[int] = cycle(range(first, first + BLOCK))
            return
        self.claim.close()
        raise RuntimeError(f"all {len(FIRSTS)} blocks of ports are claimed")


@cache
def _block() -> _Block:
    return _Block()
