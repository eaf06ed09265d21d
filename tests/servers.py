"""Real servers for the tests, one set per test run: `python servers.py DIRECTORY PID`.

Starts PostgreSQL, Valkey and emulated AWS, writes their addresses to DIRECTORY/addresses.json, and
stops them on SIGTERM or when the process PID (the test run) is gone. Then it removes DIRECTORY.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

# One logical database of Valkey per worker of pytest-xdist, and some for whoever wants an own one.
VALKEY_DATABASES = 64
OWNER = "llm_cp"
START_SECONDS = 60.0
STOP_SECONDS = 15.0


@dataclass(frozen=True)
class Addresses:
    """Where the servers listen. `redis` has no database number yet."""

    postgres: str
    redis: str
    aws: str


@contextmanager
def postgres(directory: Path) -> Iterator[str]:
    """The PostgreSQL of the local stack, its data in `directory`, stopped afterwards.

    Yields the address for the superuser; `OWNER` has a login with the same password.
    """
    from controlplane.local.postgres import Postgres

    # The data lives for one run: nothing is lost if the machine crashes meanwhile. Tests make many
    # connections, and so many rounds of hashing at each would tell nothing.
    settings = {"fsync": "off", "synchronous_commit": "off", "scram_iterations": "1"}
    server = Postgres(directory / "postgres", settings=settings)
    try:
        server.start()
        server.wait_ready()
        yield server.admin_url
    finally:
        server.stop()


@contextmanager
def valkey() -> Iterator[str]:
    """The Valkey of the local stack, without a database number in its address."""
    from controlplane.local.valkey import Valkey

    with tempfile.TemporaryDirectory() as directory:
        server = Valkey(Path(directory), databases=VALKEY_DATABASES)
        try:
            server.start()
            server.wait_ready()
            yield server.url.removesuffix("/0")
        finally:
            server.stop()


@contextmanager
def emulated_aws(directory: Path) -> Iterator[str]:
    """SQS, S3, Secrets Manager and Cognito: the emulator of the local stack."""
    from controlplane.local.emulator import AwsEmulator

    server = AwsEmulator(directory / "aws")
    try:
        server.start(os.environ)
        server.wait_ready()
        yield server.aws.endpoint_url
    finally:
        server.stop()


def shared(directory: Path, owner_pid: int) -> Addresses:
    """The servers of this test run; whoever asks first starts them."""
    addresses = directory / "addresses.json"
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not addresses.exists():
            _start(directory, owner_pid, addresses)
    return Addresses(**json.loads(addresses.read_text()))


def create_database(superuser_url: str, name: str, template: str = "template1") -> str:
    """Make a database, an empty one or a copy; returns its address, for its owner."""
    import psycopg
    from sqlalchemy import make_url

    with psycopg.connect(superuser_url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" OWNER {OWNER} TEMPLATE "{template}"')
    url = make_url(superuser_url).set(database=name, username=OWNER)
    return url.render_as_string(hide_password=False)


def migrated_database(directory: Path, superuser_url: str) -> str:
    """The name of a migrated database of this test run, to be copied: that takes a tenth of the
    time. The first worker that asks makes it."""
    from controlplane.adapters.postgres.migrations import upgrade

    name, made = "migrated", directory / "migrated"
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            upgrade(create_database(superuser_url, name))
            made.touch()
    return name


def stop(directory: Path) -> None:
    """Stop what `shared` started, if anything, and wait until it is gone."""
    pid_file = directory / "pid"
    if not pid_file.exists():
        shutil.rmtree(directory, ignore_errors=True)
        return
    with suppress(ProcessLookupError):
        os.kill(int(pid_file.read_text()), signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while directory.exists() and time.monotonic() < deadline:
        time.sleep(0.02)


def _start(directory: Path, owner_pid: int, addresses: Path) -> None:
    # What fails removes the directory: the log is read by its handle.
    with (directory / "servers.log").open("w+b") as log:
        process = subprocess.Popen(
            [sys.executable, __file__, str(directory), str(owner_pid)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            # Ctrl-C is for pytest, which stops the servers once the last test has let go of them.
            start_new_session=True,
        )
        (directory / "pid").write_text(str(process.pid))
        deadline = time.monotonic() + START_SECONDS
        while not addresses.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                log.seek(0)
                raise RuntimeError(f"No servers:\n{log.read().decode(errors='replace')}")
            time.sleep(0.02)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def main(directory: Path, owner_pid: int) -> None:
    """Serve until told to stop, or until nobody is left to say so."""
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    with ExitStack() as running:
        running.callback(shutil.rmtree, directory, ignore_errors=True)
        addresses = Addresses(
            postgres=running.enter_context(postgres(directory)),
            redis=running.enter_context(valkey()),
            aws=running.enter_context(emulated_aws(directory)),
        )
        written = directory / "addresses.tmp"
        written.write_text(json.dumps(asdict(addresses)))
        written.rename(directory / "addresses.json")
        while not stopped.wait(0.5) and _is_alive(owner_pid):
            pass


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
