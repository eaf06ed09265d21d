"""Watches over the local stack, and stops it on Ctrl-C, SIGTERM or when a part of it ends."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from controlplane.errors import ConfigurationError
from controlplane.local.children import LocalStackError, is_listening
from controlplane.local.stack import Stack, say

WATCH_SECONDS = 0.2


class Interrupted(Exception):
    """Someone asked the stack to stop."""


class Interrupts:
    """Turns SIGINT, SIGTERM and SIGHUP into Interrupted: at the next `pause`, and nowhere else.

    So no signal can come between the start of a process and the note that it has to be stopped.
    """

    def __init__(self) -> None:
        self._requested = False
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._note)

    def pause(self, seconds: float) -> None:
        """Sleep. Raises Interrupted where a signal has come."""
        if not self._requested:
            time.sleep(seconds)
        if self._requested:
            raise Interrupted

    def _note(self, _signal: int, _frame: FrameType | None) -> None:
        self._requested = True


def run(folder: Path, port: int) -> int:
    """Run the stack of `folder` on `port` until a signal (0) or a failure (1, said in a sentence).

    A failure before anything is started raises LocalStackError or ConfigurationError.
    """
    local = folder / ".local"
    local.mkdir(exist_ok=True)
    with only_one(local):
        check_port(port)
        interrupts = Interrupts()
        stack = Stack(folder, port, interrupts.pause)
        try:
            stack.start()
            while True:
                interrupts.pause(WATCH_SECONDS)
                stack.check()
        except Interrupted:
            say("\nStopping ...")
            return 0
        except (LocalStackError, ConfigurationError) as error:
            print(error, file=sys.stderr, flush=True)
            return 1
        finally:
            stack.stop()
            say("Stopped.")


@contextmanager
def only_one(local: Path) -> Iterator[None]:
    """Hold the folder's lock. Raises LocalStackError where another supervisor has it."""
    with (local / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise LocalStackError(
                f"The local stack of this folder runs already (process {lock.read().strip()}); "
                "stop it first, or start from another folder."
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def check_port(port: int) -> None:
    """Raise LocalStackError where the port cannot be had."""
    other = 8081 if port != 8081 else 8082
    in_use = (
        f"Port {port} is already in use; stop what runs there or choose another: "
        f"make run PORT={other}"
    )
    # Where it listens on all addresses, some systems let a second one bind to a single address.
    if is_listening(port):
        raise LocalStackError(in_use)
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except PermissionError:
            raise LocalStackError(
                f"Port {port} is for root only; choose another: make run PORT={other}"
            ) from None
        except OSError:
            raise LocalStackError(in_use) from None
