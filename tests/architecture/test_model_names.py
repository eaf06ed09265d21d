"""What readers copy names models that will still be there: no seed, example or fixture is dying."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
# gpt-5 and o3 until 2026-12-11, claude-sonnet-4-5 until 2026-11-30, the others until 2027-01-14.
# https://platform.openai.com/docs/deprecations
# https://platform.claude.com/docs/en/about-claude/model-deprecations
SHUT_DOWN = re.compile(
    r"\b(gpt-4o|gpt-4\.1|gpt-5(?![.\d\]])|o3(?!\w)|claude-3|claude-sonnet-4-5|claude-opus-4-1)"
)
PLACES = ("README.md", "docs/*.md", ".github/**/*.yml", "src/**/*.py", "tests/fixtures/**/*.*")
EXCEPT = (
    # The simulator plays what clients still ask for, and rules tell generations apart.
    *(
        "src/controlplane/local/simulator/",
        "src/controlplane/translators/chat_completions_to_messages/",
    ),
    # Reports as they came, and a text that is no secret.
    *("tests/fixtures/wire/", "src/controlplane/screening/assigned.py"),
    # Old models have prices for as long as they answer.
    *("docs/PRICES.md", "src/controlplane/adapters/price_corrections.py"),
)


def documents() -> Iterator[tuple[str, str]]:
    for pattern in PLACES:
        for path in ROOT.glob(pattern):
            name = path.relative_to(ROOT).as_posix()
            if not name.startswith(EXCEPT):
                yield name, path.read_text()


def test_no_example_names_a_model_that_shuts_down() -> None:
    read = dict(documents())
    assert len(read) > 200
    found = {name: SHUT_DOWN.findall(text) for name, text in read.items()}
    assert {name: names for name, names in found.items() if names} == {}
