"""The tables of `docs/PROVIDERS.md`, made from the rows.

`python -m controlplane.providers.tables` prints them, and a test compares the document with them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from controlplane.config import ProviderVariable
from controlplane.domain.inference import ProtocolName
from controlplane.protocols.chat_completions.parameters import DEFAULTS, LOSSES, PASSED_ON
from controlplane.protocols.parameters import UNKNOWN, Handling, ParameterRows
from controlplane.providers.kind import Kind
from controlplane.providers.meanings import MEANINGS
from controlplane.providers.registry import KINDS
from controlplane.translators.registry import Step, parameters_of, steps


def kinds_table() -> str:
    """Each kind with its settings, and what the gateway knows of it."""
    head = ("kind", "protocol", "settings", "prices", "in traces", "an image, at most")
    rows = (
        (
            f"`{kind.name}`",
            ", ".join(f"`{protocol}`" for protocol in kind.protocols),
            ", ".join(map(_variable, kind.settings.variables)),
            f"`{kind.price_list}`" if kind.price_list else "own ones only",
            f"`{kind.trace_name}`",
            _images(kind),
        )
        for kind in KINDS.values()
    )
    return _table(head, rows)


def failures_table() -> str:
    """What each kind's own statuses, codes and words mean."""
    head = ("kind", "there", "here")
    rows: list[Sequence[str]] = []
    for kind in KINDS.values():
        failures, name = kind.failures, f"`{kind.name}`"
        rows += [(name, f"`{own}`", str(here)) for own, here in failures.statuses.items()]
        rows += [(name, f"`{own}`", f"`{here}`") for own, here in failures.codes.items()]
    return _table(head, rows)


def meanings_table() -> str:
    """What the words of an error mean, at every kind."""
    head = ("it says", "among", "here", "words")
    return _table(
        head,
        (
            (
                meaning.says,
                ", ".join(map(str, sorted(meaning.among))),
                f"{meaning.status if meaning.ours else 'as there'} `{meaning.code}`",
                ", ".join(f'"{word}"' for word in meaning.words),
            )
            for meaning in MEANINGS
        ),
    )


def parameters_table() -> str:
    """What becomes of each parameter; kinds that treat all of them alike share a column."""
    columns: dict[int, tuple[ParameterRows, list[str]]] = {}
    for kind in KINDS.values():
        rows_of = _rows(kind)
        names = columns.setdefault(id(rows_of), (rows_of, []))[1]
        names.append(f"`{kind.name}`")
    head = ("parameter", *(", ".join(names) for _, names in columns.values()))
    rows = (
        (f"`{name}`", *(_handling(parameters, name) for parameters, _ in columns.values()))
        for name in DEFAULTS
    )
    return _table(head, rows)


def _rows(kind: Kind) -> ParameterRows:
    """What becomes of the parameters of chat completions at a kind."""
    way = steps(ProtocolName.CHAT_COMPLETIONS, kind.protocols)
    return parameters_of(way[0]) if way else PASSED_ON


def losses_table() -> str:
    """What becomes of each parameter at a target that does not have it."""
    head = ("parameter", "where a target does not have it", "what would be lost")
    known = [(f"`{name}`", str(found.fate), found.why) for name, found in LOSSES.items()]
    return _table(head, [*known, ("any other", str(UNKNOWN.fate), UNKNOWN.why)])


def messages_to_chat_completions_table() -> str:
    """What becomes of each parameter of Messages where a target speaks chat completions."""
    return _translation_table((ProtocolName.MESSAGES, ProtocolName.CHAT_COMPLETIONS))


def responses_to_chat_completions_table() -> str:
    """What becomes of each parameter of Responses where a target speaks chat completions."""
    return _translation_table((ProtocolName.RESPONSES, ProtocolName.CHAT_COMPLETIONS))


def chat_completions_to_responses_table() -> str:
    """What becomes of each parameter of chat completions where a target speaks Responses."""
    return _translation_table((ProtocolName.CHAT_COMPLETIONS, ProtocolName.RESPONSES))


def _translation_table(step: Step) -> str:
    parameters = parameters_of(step)
    losses = parameters.vocabulary.losses
    head = (f"parameter of `{step[0]}`", f"at `{step[1]}`", "what would be lost")
    rows = (
        (f"`{name}`", _handling(parameters, name), losses[name].why if name in losses else "")
        for name in {**losses, **parameters.rows}
    )
    return _table(head, rows)


def _variable(variable: ProviderVariable) -> str:
    name = f"`{variable.name}`"
    return f"{name} (`{variable.default}`)" if variable.default else name


def _images(kind: Kind) -> str:
    images = kind.images
    more = [f"{n:,} with `{word}` in the model's name" for word, n in images.at_most_of.items()]
    return "; ".join([f"{images.at_most:,} tokens", *more])


def _handling(parameters: ParameterRows, name: str) -> str:
    row = parameters.of(name)
    losses = parameters.vocabulary.losses
    fate = losses[name].fate if row.handling is Handling.MISSING else row.handling
    return f"{fate}: {row.note}" if row.note else str(fate)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = (head, ["---"] * len(head), *rows)
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines).replace(" --- ", "---")


TABLES = (
    kinds_table,
    failures_table,
    meanings_table,
    parameters_table,
    losses_table,
    messages_to_chat_completions_table,
    responses_to_chat_completions_table,
    chat_completions_to_responses_table,
)

if __name__ == "__main__":
    sys.stdout.write("\n".join(table() for table in TABLES))
