"""A runner of composite actions."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tests.delivery.actions_runner import FAKE_AWS, Runner


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """Runs composite actions; `runner.aws` says what `aws` answers, by subcommand."""
    aws = tmp_path / "aws"
    aws.write_text(FAKE_AWS.format(python=sys.executable))
    aws.chmod(0o755)
    return Runner(tmp_path)
