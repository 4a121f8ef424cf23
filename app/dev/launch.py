"""Become another program that dies with the process that started it.

Run as a script, with nothing but the standard library:
`python launch.py <signal> <parent pid> <uid> <gid> <command> …` (uid −1: keep the user).

It is a program of its own because the kernel ties the request to the process that makes it and
forgets it when the user changes: it has to happen after dropping root and before `exec`, and
doing that in a forked Python with threads (`preexec_fn`) can deadlock.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def die_with_parent(death_signal: int, parent: int) -> None:
    """Ask for `death_signal` when `parent` ends. Only Linux has this; elsewhere, do nothing."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
        if os.getppid() != parent:  # it ended before the request was made
            os.kill(os.getpid(), signal.SIGKILL)


def main(arguments: list[str]) -> None:
    death_signal, parent, uid, gid = (int(argument) for argument in arguments[:4])
    command = arguments[4:]
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    die_with_parent(death_signal, parent)
    try:
        os.execvp(command[0], command)
    except OSError as error:
        sys.exit(f"{command[0]}: {error.strerror}")


if __name__ == "__main__":
    main(sys.argv[1:])
