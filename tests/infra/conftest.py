"""The templates of all stages, synthesised once for a test run, and the commands of `infra/`."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.infra.template import ROOT, STAGES, Template

# Below the folder of the stages as they are: the same stages with the function alone.
FUNCTION = "function"


def run_infra(
    name: str,
    *arguments: str,
    python: str = sys.executable,
    root: Path = ROOT,
    **environment: str,
) -> subprocess.CompletedProcess[str]:
    """`python -m infra.<name> <arguments>` in a tree, with `environment` added."""
    return subprocess.run(
        [python, "-m", f"infra.{name}", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
        cwd=root,
    )


@pytest.fixture(scope="session")
def infra_python() -> str:
    """The interpreter that has aws_cdk; LLM_CP_INFRA_PYTHON names another one."""
    python = os.environ.get("LLM_CP_INFRA_PYTHON") or str(ROOT / ".venv-infra" / "bin" / "python")
    if not Path(python).is_file():
        pytest.fail(f"{python} is missing: `make .venv-infra/.installed` makes it.", pytrace=False)
    return python


@pytest.fixture(scope="session")
def assembly(infra_python: str, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """What `python -m infra.app` writes; the workers of pytest-xdist share it.

    LLM_CP_ASSEMBLY names one that is there already.
    """
    if ready := os.environ.get("LLM_CP_ASSEMBLY"):
        return Path(ready)
    root = tmp_path_factory.getbasetemp()
    outdir = (root if worker_id == "master" else root.parent) / "cdk"
    outdir.mkdir(exist_ok=True)
    with (outdir / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (outdir / "manifest.json").exists():
            _synthesise(infra_python, outdir / FUNCTION, COMPUTE="function")
            _synthesise(infra_python, outdir)
    return outdir


def _synthesise(python: str, outdir: Path, **more: str) -> None:
    """As on a machine without Node, account and network."""
    nowhere = "http://127.0.0.1:9"
    subprocess.run(
        [python, "-m", "infra.app"],
        cwd=ROOT,
        env={
            "PATH": "",
            "HOME": str(outdir),
            "CDK_OUTDIR": str(outdir),
            "ALARM_EMAILS": "alarms@example.com",
            "HTTP_PROXY": nowhere,
            "HTTPS_PROXY": nowhere,
            **more,
        },
        check=True,
        timeout=300,
    )


@pytest.fixture(scope="session")
def templates(assembly: Path) -> dict[str, Template]:
    """Stage -> its template."""
    return {stage: Template.read(assembly / f"llm-cp-{stage}.template.json") for stage in STAGES}


@pytest.fixture(scope="session")
def functions(assembly: Path) -> dict[str, Template]:
    """Stage -> its template where the function is all that computes."""
    folder = assembly / FUNCTION
    return {stage: Template.read(folder / f"llm-cp-{stage}.template.json") for stage in STAGES}


@pytest.fixture(params=STAGES)
def stage(request: pytest.FixtureRequest) -> str:
    """Each stage in turn."""
    return str(request.param)


@pytest.fixture
def template(templates: dict[str, Template], stage: str) -> Template:
    """The template of `stage`."""
    return templates[stage]


@pytest.fixture
def distribution(template: Template) -> dict[str, Any]:
    """The configuration of the distribution."""
    found: dict[str, Any] = template.one("AWS::CloudFront::Distribution")["DistributionConfig"]
    return found
