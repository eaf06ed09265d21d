"""A Valkey in cluster mode, as ElastiCache runs it: one node that has all slots."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from controlplane.local.children import Child, free_port
from controlplane.local.valkey import find_binary

# https://valkey.io/topics/cluster-spec/
LAST_SLOT = 16_383


@contextmanager
def valkey_cluster(folder: Path) -> Iterator[str]:
    """Yields the address of the node, on a free port of this machine."""
    port = free_port()
    # The bus would be at the port and 10,000, which may be no port at all.
    place = ("--port", str(port), "--cluster-port", str(free_port()), "--bind", "127.0.0.1")
    mode = ("--cluster-enabled", "yes", "--dir", folder, "--save", "")
    log = folder / "server.log"
    child = Child("Valkey in cluster mode", [find_binary(), *place, *mode], log_path=log)
    url = f"redis://127.0.0.1:{port}/0"
    try:
        with redis.Redis.from_url(url, socket_timeout=5) as client:
            child.wait_ready(lambda: _answers(client))
            client.execute_command("CLUSTER ADDSLOTSRANGE", 0, LAST_SLOT)
            child.wait_ready(lambda: client.cluster("info")["cluster_state"] == "ok")
        yield url
    finally:
        child.stop()


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
