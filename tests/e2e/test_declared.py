"""An organisation as files: applied, changed, pruned, exported, and applied again."""

from __future__ import annotations

import shutil
import stat
import uuid
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess

import httpx
import pytest
from tests.e2e.command import llm_cp
from tests.e2e.conftest import ROOT, Stack, chat

EXAMPLE = ROOT / "docs/examples/organization"
NOTHING = "Nothing to change.\n"


@dataclass
class Organization:
    """One of its own, and the command as its administrator."""

    stack: Stack
    token: str

    def run(self, *argv: str) -> CompletedProcess[str]:
        return llm_cp(self.stack, *argv, LLM_CP_ADMIN_TOKEN=self.token)

    def succeed(self, *argv: str) -> str:
        done = self.run(*argv)
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    @property
    def admin(self) -> httpx.Client:
        return httpx.Client(
            base_url=self.stack.url, headers={"Authorization": f"Bearer {self.token}"}
        )


def new_organization(stack: Stack) -> Organization:
    name = f"org-{uuid.uuid4().hex[:12]}"
    event = {"type": "user-seeder", "org_id": name, "name": "One", "issue_keys": True}
    answer, error = stack.invoke(event)
    assert error is None, answer
    return Organization(stack, answer["api_keys"]["admin"])


@pytest.fixture
def organization(stack: Stack) -> Organization:
    return new_organization(stack)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The example of the documents, to be changed."""
    return Path(shutil.copytree(EXAMPLE, tmp_path / "config"))


def applied(organization: Organization, folder: Path) -> dict[str, str]:
    """The example, applied; the new keys by name."""
    kept = folder.parent / "keys"
    organization.succeed("apply", str(folder), "--keys-file", str(kept))
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    return dict(line.split("\t") for line in kept.read_text().splitlines())


def test_from_nothing_to_files_and_back(
    stack: Stack, organization: Organization, folder: Path, tmp_path: Path
) -> None:
    planned = organization.run("plan", str(folder), "--exit-code")
    assert planned.returncode == 1
    assert "+ applications app-support" in planned.stdout
    assert planned.stdout.endswith("8 to add, 0 to change, 0 to delete.\n")
    assert "app-support" not in organization.succeed("app", "list")

    keys = applied(organization, folder)
    assert set(keys) == {"app-support/Production", "app-support/CI"}
    assert chat(stack, keys["app-support/Production"], model="fast").status_code == 200
    assert chat(stack, keys["app-support/CI"], model="fast").status_code == 200
    assert organization.succeed("apply", str(folder)) == NOTHING
    assert organization.succeed("plan", str(folder), "--exit-code") == NOTHING

    support = folder / "support.yaml"
    support.write_text(support.read_text().replace('"5.00"', '"0.000001"'))
    changed = organization.succeed("apply", str(folder))
    assert "~ policies api-key/app-support/CI" in changed
    assert "    -- period: day\n" not in changed
    assert changed.count("\n    +") == changed.count("\n    -") == 1
    assert chat(stack, keys["app-support/CI"], model="fast").status_code == 429

    exported = tmp_path / "exported"
    organization.succeed("export", str(exported))
    assert organization.succeed("apply", str(exported), "--prune", "--prune-keys") == NOTHING
    again = organization.run("export", str(exported))
    assert (again.returncode, "exists; --force replaces it" in again.stderr) == (2, True)
    before = {file.name: file.read_text() for file in exported.iterdir()}
    organization.succeed("export", str(exported), "--force")
    assert {file.name: file.read_text() for file in exported.iterdir()} == before


def test_what_no_file_names_stays_unless_it_is_pruned(
    stack: Stack, organization: Organization, folder: Path
) -> None:
    keys = applied(organization, folder)
    (folder / "support.yaml").write_text(
        "applications: {app-other: {name: Other}}\nkeys: {}\n"
        "policies:\n  user/ada: {concurrency: 1}\n"
    )
    (folder / "shared.yaml").write_text("routes: {}\n")
    kept = organization.succeed("apply", str(folder))
    assert kept.endswith("2 to add, 0 to change, 0 to delete.\n")

    pruned = organization.run("apply", str(folder), "--prune")
    assert pruned.returncode == 0, pruned.stderr
    assert "The application 'app-support' has keys: it stays" in pruned.stderr
    assert "- routes fast" in pruned.stdout
    assert "- policies organization" in pruned.stdout
    assert "prices" not in pruned.stdout, "no file has the section"
    assert "keys" not in pruned.stdout
    assert chat(stack, keys["app-support/CI"], model="fast").status_code == 404

    gone = organization.run("apply", str(folder), "--prune", "--prune-keys")
    assert gone.returncode == 0, gone.stderr
    assert "- keys app-support/CI" in gone.stdout
    assert "- applications app-support" in gone.stdout
    assert "is the one that asks: it stays" in gone.stderr
    assert chat(stack, keys["app-support/CI"]).status_code == 401
    assert organization.succeed("plan", str(folder), "--prune", "--prune-keys") == NOTHING


def test_two_organisations_do_not_touch_each_other(
    stack: Stack, organization: Organization, folder: Path, tmp_path: Path
) -> None:
    other = new_organization(stack)
    before = other.succeed("export", str(tmp_path / "before"))
    keys = applied(organization, folder)
    assert other.succeed("apply", str(tmp_path / "before"), "--prune") == NOTHING
    (folder.parent / "keys").unlink()
    others_keys = applied(other, folder)
    assert set(keys.values()).isdisjoint(others_keys.values())
    organization.succeed("apply", str(tmp_path / "before"), "--prune", "--prune-keys")
    assert chat(stack, keys["app-support/CI"], model="fast").status_code == 401
    assert chat(stack, others_keys["app-support/CI"], model="fast").status_code == 200
    assert before == ""


def test_a_rotated_key_is_the_one_that_the_files_name(
    stack: Stack, organization: Organization, folder: Path
) -> None:
    applied(organization, folder)
    listed = organization.admin.get("/admin/v1/api-keys", params={"application_id": "app-support"})
    (old,) = (key["id"] for key in listed.json()["data"] if key["name"] == "CI")
    new = organization.succeed("key", "rotate", old).strip()
    assert organization.succeed("plan", str(folder), "--exit-code") == NOTHING
    support = folder / "support.yaml"
    support.write_text(support.read_text().replace('"5.00"', '"0.000001"'))
    organization.succeed("apply", str(folder))
    assert chat(stack, new, model="fast").status_code == 429


def test_keys_are_not_overwritten(organization: Organization, folder: Path) -> None:
    kept = folder.parent / "keys"
    kept.write_text("a key that is nowhere else")
    refused = organization.run("apply", str(folder), "--keys-file", str(kept))
    assert refused.returncode == 2
    assert "a file with keys is not overwritten" in refused.stderr
    assert kept.read_text() == "a key that is nowhere else"
    assert "app-support" not in organization.succeed("app", "list"), "nothing was done"


def test_every_fault_is_told_by_file_and_path(organization: Organization, folder: Path) -> None:
    (folder / "wrong.yaml").write_text(
        "routes:\n  slow: {targets: [{provider: nowhere, model: m}]}\n"
        "prices:\n  openai/x: {input: 2.5, output: '1'}\n"
        "policies:\n  application/app-none: {}\n  user/u: {cost_caps: [{usd: '1'}], x: 1}\n"
        "keys:\n  app-none/K: {role: king}\n"
    )
    refused = organization.run("apply", str(folder))
    assert refused.returncode == 2
    told = [line.strip() for line in refused.stderr.splitlines()[1:]]
    places = [line.removeprefix(f"{folder}/wrong.yaml: ").split(": ")[0] for line in told]
    assert places == [
        "keys.app-none/K.role",
        "routes.slow.targets.0.provider",
        "prices.openai/x.input",
        "policies.application/app-none",
        "policies.user/u.cost_caps.0",
        "policies.user/u.x",
    ]
    assert "king" not in refused.stderr
    assert "app-support" not in organization.succeed("app", "list"), "nothing was done"
