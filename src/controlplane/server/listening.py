"""How the application listens: the settings of uvicorn that every entry point shares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# A load balancer that reuses a connection must be the one that closes it: its own idle time is
# shorter. https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html#connection-idle-timeout
KEEP_ALIVE_SECONDS = 75

SHARED: Mapping[str, Any] = {
    "access_log": False,
    "log_level": "warning",
    "proxy_headers": False,
    "server_header": False,
}
