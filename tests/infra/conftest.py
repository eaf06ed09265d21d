"""The templates of all stages, synthesised once for a test run."""

from __future__ import annotations

import fcntl
import os
import subprocess
from pathlib import Path

import pytest
from tests.infra.template import ROOT, STAGES, Template


@pytest.fixture(scope="session")
def infra_python() -> str:
    """The interpreter that has aws_cdk; LLM_CP_INFRA_PYTHON names another one."""
    python = os.environ.get("LLM_CP_INFRA_PYTHON") or str(ROOT / ".venv-infra" / "bin" / "python")
    if not Path(python).is_file():
        pytest.fail(f"{python} is missing: `make .venv-infra/.installed` makes it.", pytrace=False)
    return python


@pytest.fixture(scope="session")
def assembly(infra_python: str, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """What `python infra/app.py` writes; the workers of pytest-xdist share it.

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
            _synthesise(infra_python, outdir)
    return outdir


def _synthesise(python: str, outdir: Path) -> None:
    """As on a machine with no Node, no account and no network."""
    nowhere = "http://127.0.0.1:9"
    subprocess.run(
        [python, str(ROOT / "infra" / "app.py")],
        env={
            "PATH": "",
            "HOME": str(outdir),
            "CDK_OUTDIR": str(outdir),
            "HTTP_PROXY": nowhere,
            "HTTPS_PROXY": nowhere,
        },
        check=True,
        timeout=300,
    )


@pytest.fixture(scope="session")
def templates(assembly: Path) -> dict[str, Template]:
    """Stage -> its template."""
    return {stage: Template.read(assembly / f"llm-cp-{stage}.template.json") for stage in STAGES}


@pytest.fixture(params=STAGES)
def stage(request: pytest.FixtureRequest) -> str:
    """Each stage in turn."""
    return str(request.param)


@pytest.fixture
def template(templates: dict[str, Template], stage: str) -> Template:
    """The template of `stage`."""
    return templates[stage]
