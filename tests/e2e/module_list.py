"""The function, and an event that only tests send: which modules has the process imported?"""

from __future__ import annotations

import sys
from typing import Any

from controlplane.lambda_handler import handler as real_handler


def handler(event: Any, context: Any) -> Any:
    """What the function answers, or the names of all modules that are loaded by now."""
    if event == {"type": "test-modules"}:
        return sorted(sys.modules)
    return real_handler(event, context)
