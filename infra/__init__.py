"""The infrastructure as code, its bill, the function's package, and the tools of delivery."""

from __future__ import annotations

from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
