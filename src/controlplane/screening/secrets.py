"""Detectors of secrets: formats that name their issuer, then what only its surroundings betray.

Formats are the issuers' own, named above each row, or those that
https://github.com/gitleaks/gitleaks knows by the name given there. The examples are put together
from pieces: no scanner shall take these files for a leak.
"""

from __future__ import annotations

from controlplane.screening import (
    assigned,
    cloud_keys,
    credentials,
    llm_keys,
    service_keys,
    tool_keys,
    vendor_names,
)

DETECTORS = (
    *llm_keys.DETECTORS,
    *cloud_keys.DETECTORS,
    *tool_keys.DETECTORS,
    *service_keys.DETECTORS,
    *credentials.DETECTORS,
    *vendor_names.DETECTORS,
    *assigned.DETECTORS,
)
