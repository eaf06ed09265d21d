"""Forty usages, and what each costs by the public prices: worked out by hand, not by this code.

`by_hand` is the sum as it stands on the invoice: dollars per million tokens (divided by a million
at the end), and dollars for calls behind that.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from controlplane.domain.usage import Usage

OPENAI = "https://developers.openai.com/api/docs/pricing"
ANTHROPIC = "https://platform.claude.com/docs/en/about-claude/pricing"
GEO = "https://platform.claude.com/docs/en/manage-claude/data-residency"
AZURE = "https://azure.microsoft.com/pricing/details/azure-openai/"
FOUNDRY = (
    "https://learn.microsoft.com/azure/foundry/foundry-models/concepts/"
    "models-sold-directly-by-azure"
)


@dataclass(frozen=True, slots=True)
class Row:
    """One usage. `usd` is None where no public price says what it costs."""

    what: str
    provider: str
    model: str
    usage: Usage
    by_hand: str
    usd: str | None
    source: str

    @property
    def expected(self) -> Decimal | None:
        """Dollars."""
        return None if self.usd is None else Decimal(self.usd)


def _row(
    what: str, model: str, usage: Usage, by_hand: str, usd: str | None, source: str = OPENAI
) -> Row:
    provider, _, name = model.partition("/")
    return Row(what, provider, name, usage, by_hand, usd, source)


def _calls(**calls: int) -> tuple[tuple[str, int], ...]:
    return tuple(calls.items())


NEW, OLD = "anthropic/claude-opus-5-5", "anthropic/claude-sonnet-4-5"
TABLE: tuple[Row, ...] = (
    _row("plain", "openai/gpt-4o", Usage(1_000, 200), "1000*2.50 + 200*10", "0.0045"),
    _row(
        "cached",
        "openai/gpt-4o",
        Usage(3_000, 100, cached=2_048),
        "952*2.50 + 2048*1.25 + 100*10",
        "0.00594",
    ),
    _row(
        "reasoning is output",
        "openai/o3",
        Usage(1_000, 5_000, reasoning=4_800),
        "1000*2 + 5000*8",
        "0.042",
    ),
    _row(
        "flex", "openai/o3", Usage(10_000, 1_000, service_tier="flex"), "10000*1 + 1000*4", "0.014"
    ),
    _row(
        "flex, cached",
        "openai/gpt-5",
        Usage(10_000, 500, cached=8_000, service_tier="flex"),
        "2000*0.625 + 8000*0.0625 + 500*5",
        "0.00425",
    ),
    _row(
        "priority",
        "openai/gpt-5.4",
        Usage(10_000, 1_000, service_tier="priority"),
        "10000*5 + 1000*30",
        "0.080",
    ),
    _row(
        "priority",
        "openai/gpt-4o",
        Usage(10_000, 1_000, service_tier="priority"),
        "10000*4.25 + 1000*17",
        "0.0595",
    ),
    _row(
        "priority, cached",
        "openai/gpt-5-mini",
        Usage(10_000, 1_000, cached=9_000, service_tier="priority"),
        "1000*0.45 + 9000*0.045 + 1000*3.60",
        "0.004455",
    ),
    _row(
        "batch",
        "openai/gpt-4o",
        Usage(10_000, 1_000, service_tier="batch"),
        "10000*1.25 + 1000*5",
        "0.0175",
    ),
    _row(
        "default, as answers say it",
        "openai/o4-mini",
        Usage(1_000, 100, service_tier="default"),
        "1000*1.10 + 100*4.40",
        "0.00154",
    ),
    _row(
        "flex, of a model without it",
        "openai/gpt-4o",
        Usage(1_000, 100, service_tier="flex"),
        "not on the page",
        None,
    ),
    _row(
        "scale, which is paid beforehand",
        "openai/gpt-4o",
        Usage(1_000, 100, service_tier="scale"),
        "not on the page",
        None,
    ),
    _row(
        "audio in and out",
        "openai/gpt-4o-audio-preview",
        Usage(10_000, 1_000, audio_input=9_000, audio_output=800),
        "1000*2.50 + 9000*40 + 200*10 + 800*80",
        "0.4285",
        "https://platform.openai.com/docs/models/gpt-4o-audio-preview",
    ),
    _row(
        "audio out",
        "openai/gpt-audio",
        Usage(17, 592, audio_output=482),
        "17*2.50 + 110*10 + 482*64",
        "0.0319905",
    ),
    _row(
        "audio, small",
        "openai/gpt-audio-mini",
        Usage(1_000, 300, audio_input=900, audio_output=200),
        "100*0.60 + 900*10 + 100*2.40 + 200*20",
        "0.0133",
    ),
    _row(
        "audio of a model without its price",
        "openai/gpt-4o",
        Usage(100, 100, audio_output=90),
        "not on the page",
        None,
    ),
    _row(
        "searches",
        "openai/gpt-5",
        Usage(30_000, 800, calls=_calls(web_search=3)),
        "30000*1.25 + 800*10; 3 calls at 0.01",
        "0.0755",
    ),
    _row(
        "searches, the older tool",
        "openai/gpt-4.1",
        Usage(1_000, 300, calls=_calls(web_search_preview=2)),
        "1000*2 + 300*8; 2 calls at 0.025",
        "0.0544",
    ),
    _row(
        "searches in files",
        "openai/gpt-4.1-mini",
        Usage(5_000, 200, calls=_calls(file_search=4)),
        "5000*0.40 + 200*1.60; 4 calls at 0.0025",
        "0.01232",
    ),
    _row(
        "a model that always searches",
        "openai/gpt-4o-search-preview",
        Usage(50, 300, calls=_calls(web_search_preview=1)),
        "50*2.50 + 300*10; 1 call at 0.025",
        "0.028125",
    ),
    _row(
        "the same, no search told of",
        "openai/gpt-5-search-api",
        Usage(9_000, 400),
        "9000*1.25 + 400*10; 1 call at 0.01",
        "0.02525",
    ),
    _row(
        "a tool without a public price",
        "openai/gpt-5",
        Usage(100, 10, calls=_calls(unheard_of=1)),
        "not on the page",
        None,
    ),
    _row(
        "up to the longer price",
        "openai/gpt-6.1-sol",
        Usage(272_000, 1_000),
        "272000*2 + 1000*10",
        "0.554",
    ),
    _row(
        "a long prompt",
        "openai/gpt-6.1-sol",
        Usage(272_001, 1_000),
        "272001*4 + 1000*15",
        "1.103004",
    ),
    _row(
        "a long prompt, flex, written to a cache",
        "openai/gpt-6.1-sol",
        Usage(300_000, 1_000, cache_write=200_000, service_tier="flex"),
        "100000*2 + 200000*2.50 + 1000*7.50",
        "0.7075",
    ),
    _row("embeddings", "openai/text-embedding-3-small", Usage(8_000), "8000*0.02", "0.00016"),
    _row(
        "embeddings, large", "openai/text-embedding-3-large", Usage(8_000), "8000*0.13", "0.00104"
    ),
    _row(
        "a stream left by its caller: input asked, output seen",
        "openai/gpt-4o-mini",
        Usage(1_200, 40, estimated=frozenset({"input", "output"})),
        "1200*0.15 + 40*0.60",
        "0.000204",
    ),
    _row(
        "a stream of which something was used that nothing tells",
        "openai/gpt-5",
        Usage(1_000, 40, unknown=frozenset({"container"})),
        "not known",
        None,
    ),
    _row("plain", OLD, Usage(1_000, 200), "1000*3 + 200*15", "0.006", ANTHROPIC),
    _row(
        "cache reads, 5 m writes",
        OLD,
        Usage(10_000, 100, cached=6_000, cache_write=3_000),
        "1000*3 + 6000*0.30 + 3000*3.75 + 100*15",
        "0.01755",
        ANTHROPIC,
    ),
    _row(
        "5 m and 1 h writes",
        OLD,
        Usage(10_000, 100, cache_write=9_000, cache_write_hour=4_000),
        "1000*3 + 5000*3.75 + 4000*6 + 100*15",
        "0.04725",
        ANTHROPIC,
    ),
    _row(
        "searches",
        OLD,
        Usage(20_000, 500, calls=_calls(web_search=2)),
        "20000*3 + 500*15; 2 calls at 0.01",
        "0.0875",
        ANTHROPIC,
    ),
    _row(
        "fetches cost tokens alone",
        OLD,
        Usage(20_000, 500, calls=_calls(web_fetch=5)),
        "20000*3 + 500*15",
        "0.0675",
        ANTHROPIC,
    ),
    _row(
        "in the USA",
        NEW,
        Usage(10_000, 500, cached=5_000, inference_geo="us"),
        "(5000*4 + 5000*0.20 + 500*20) * 1.1",
        "0.0341",
        GEO,
    ),
    _row(
        "in the USA, with a search",
        NEW,
        Usage(10_000, 500, calls=_calls(web_search=1), inference_geo="us"),
        "(10000*4 + 500*20) * 1.1; 1 call at 0.01",
        "0.065",
        GEO,
    ),
    _row(
        "an older model in the USA",
        OLD,
        Usage(100, 10, inference_geo="us"),
        "not on the page",
        None,
        GEO,
    ),
    _row(
        "batch",
        NEW,
        Usage(10_000, 500, service_tier="batch"),
        "10000*2 + 500*10",
        "0.025",
        ANTHROPIC,
    ),
    _row(
        "priority, which is paid beforehand",
        NEW,
        Usage(100, 10, service_tier="priority"),
        "not on the page",
        None,
        ANTHROPIC,
    ),
    _row(
        "a long prompt",
        "anthropic/claude-haiku-5-5",
        Usage(150_000, 1_000),
        "150000*0.50 + 1000*2.50",
        "0.0775",
        ANTHROPIC,
    ),
    _row("plain", "azure/gpt-4o", Usage(1_000, 200), "1000*2.50 + 200*10", "0.0045", AZURE),
    _row(
        "a model that Azure sells itself",
        "azure/deepseek-v3.2",
        Usage(10_000, 1_000),
        "10000*0.58 + 1000*1.68",
        "0.00748",
        FOUNDRY,
    ),
    _row(
        "a name within a name",
        "azure/o4-mini-deep-research",
        Usage(10_000, 1_000),
        "10000*2 + 1000*8",
        "0.028",
        AZURE,
    ),
    _row(
        "another's model on Azure",
        "azure/grok-4",
        Usage(100, 10),
        "not the maker's price",
        None,
        AZURE,
    ),
)
