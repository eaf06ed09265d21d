"""The Dockerfile, its steps taken outside Docker, and what comes of them: a server that starts."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
import yaml
from tests.infra.template import ROOT
from tests.integration.local.processes import wait_until

from controlplane.local.children import free_port, is_listening

# Of all that is in it, beside Python's own image.
MOST_MEGABYTES = 165
SETTINGS = {
    "LLM_CP_STAGE": "local",
    "LLM_CP_LONG_LIVED": "1",
    "LLM_CP_KEY_PEPPER": "a pepper of the tests, at least 32 characters",
    "DATABASE_URL": "postgresql://u@127.0.0.1:9/d",
    "REDIS_URL": "redis://127.0.0.1:9",
    "AUDIT_QUEUE_URL": "http://127.0.0.1:9/q",
    "AUDIT_BUCKET": "b",
}


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile as instructions and their arguments."""
    lines = (ROOT / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
    pairs = (line.split(maxsplit=1) for line in lines if line and not line.startswith("#"))
    return [(word, rest) for word, rest in pairs]


@dataclass
class Image:
    """A root folder for each stage; what is absolute in the Dockerfile is below it."""

    folder: Path
    context: Path
    environment: dict[str, str] = field(default_factory=dict)
    user: str = "root"
    command: str = ""
    _stages: dict[str, Path] = field(default_factory=dict)
    _root: Path = Path()
    _here: Path = Path()
    _arguments: dict[str, str] = field(default_factory=dict)

    @property
    def root(self) -> Path:
        """That of the last stage."""
        return self._root

    def build(self, arguments: dict[str, str]) -> None:
        """Take every step."""
        self._arguments = arguments
        for word, rest in instructions():
            getattr(self, f"_{word.lower()}")(rest)

    def _arg(self, rest: str) -> None:
        assert rest.partition("=")[0] in self._arguments

    def _from(self, rest: str) -> None:
        name = rest.rpartition(" AS ")[2] if " AS " in rest else "final"
        self._root = self._stages[name] = self.folder / name
        self._root.mkdir()
        self.environment, self.user = {}, "root"

    def _workdir(self, rest: str) -> None:
        self._here = self._below(rest)
        self._here.mkdir(parents=True)

    def _env(self, rest: str) -> None:
        for name, _, value in (pair.partition("=") for pair in shlex.split(rest)):
            paths = (self._below(p) if p.startswith("/") else p for p in value.split(":"))
            self.environment[name] = ":".join(map(str, paths))

    def _copy(self, rest: str) -> None:
        words = shlex.split(rest)
        flags = dict(w[2:].split("=") for w in words if w.startswith("--"))
        source, target = [w for w in words if not w.startswith("--")]
        origin = self._stages.get(flags.get("from", ""), self.context)
        found = origin / source.lstrip("/")
        place = self._below(target) if target.startswith("/") else self._here / target
        if found.is_dir():
            shutil.copytree(found, place, dirs_exist_ok=True)
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(found, place)

    def _run(self, rest: str) -> None:
        assert self._root.name == "build", "a program of the target's platform would need emulation"
        programs = self.folder / "bin"
        programs.mkdir(exist_ok=True)
        python = programs / "python"
        python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
        python.chmod(0o755)
        done = subprocess.run(
            ["/bin/sh", "-ec", rest],
            cwd=self._here,
            env={
                **{k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
                **self._arguments,
                "PATH": f"{programs}:{os.environ['PATH']}",
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=500,
        )
        assert done.returncode == 0, done.stderr[-2000:]

    def _user(self, rest: str) -> None:
        self.user = rest

    def _expose(self, _: str) -> None:
        pass

    def _cmd(self, rest: str) -> None:
        self.command = rest

    def _below(self, path: str) -> Path:
        return self._root / path.lstrip("/")


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What .dockerignore lets through."""
    folder = tmp_path_factory.mktemp("context")
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        if line.startswith("!"):
            source, target = ROOT / line[1:], folder / line[1:]
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                unwanted = shutil.ignore_patterns("__pycache__", "*.pyc", "placeholder")
                shutil.copytree(source, target, ignore=unwanted)
            else:
                shutil.copy(source, target)
    return folder


@pytest.fixture(scope="module")
def image(context: Path, tmp_path_factory: pytest.TempPathFactory) -> Image:
    """Built for this machine and its Python."""
    built = Image(tmp_path_factory.mktemp("image"), context)
    machine = {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine]
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    built.build({"PYTHON": version, "TARGETARCH": machine})
    return built


@pytest.fixture
def environment(image: Image) -> dict[str, str]:
    """Of a program in it: nothing of the tests' own packages."""
    return {"PATH": os.environ["PATH"], **image.environment}


def in_image(*words: str) -> list[str]:
    """A command of Python's, without the packages of the tests."""
    return [sys.executable, "-S", *words]


@pytest.fixture
def server(image: Image, environment: dict[str, str]) -> Iterator[int]:
    """Its command, on a port of this machine."""
    port = free_port()
    words = re.findall(r'"([^"]+)"', image.command)
    assert words[0] == "python"
    process = subprocess.Popen(
        in_image(*words[1:], "--port", str(port), "--processes", "1"),
        env=environment | SETTINGS,
        cwd=image.root / "app",
    )
    try:
        wait_until(lambda: process.poll() is not None or is_listening(port), seconds=60)
        assert process.poll() is None
        yield port
    finally:
        process.terminate()
        process.wait(30)


def test_what_is_built_serves(server: int) -> None:
    assert httpx.get(f"http://127.0.0.1:{server}/health", timeout=30).json() == {"status": "ok"}


def test_it_is_small_and_writes_nothing_of_its_own(image: Image) -> None:
    size = sum(path.stat().st_size for path in image.root.rglob("*") if path.is_file())
    print(f"{size / 1e6:.0f} MB beside Python's own image")
    assert size < MOST_MEGABYTES * 1e6
    assert image.user == "10001:10001"
    assert (image.root / "app" / "migrations" / "env.py").is_file()


@pytest.mark.parametrize("module", ["local.containers", "local.server", "local.function"])
def test_the_containers_of_compose_find_what_they_import(
    environment: dict[str, str], module: str
) -> None:
    words = ("-m", f"controlplane.{module}", "--help")
    subprocess.run(in_image(*words), env=environment, check=True, timeout=60)


def test_only_what_the_image_is_made_of_is_sent_to_docker(context: Path) -> None:
    assert (ROOT / ".dockerignore").read_text().splitlines()[1] == "*"
    copied = {
        shlex.split(rest)[0]
        for word, rest in instructions()
        if word == "COPY" and "--from" not in rest
    }
    for name in copied:
        assert (context / name).exists(), name
    assert not list(context.rglob(".env*"))


def test_compose_says_what_its_schema_allows(infra_python: str) -> None:
    tool = str(Path(infra_python).parent / "check-jsonschema")
    words = ["--builtin-schema", "vendor.compose-spec", "docker-compose.yml"]
    done = subprocess.run([tool, *words], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_compose_builds_this_image() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    assert services["setup"]["build"] == "."
    ours = [name for name, row in services.items() if row["image"] == "llm-control-plane"]
    assert ours == ["setup", "gateway", "function", "simulator"]
