"""Keys that only the vendor's name beside them gives away, with the shape that vendor gives them.

Shapes are those of the vendors' documentation or of https://github.com/gitleaks/gitleaks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from controlplane.screening.assignment import IS, name_of
from controlplane.screening.detector import Detector, Span
from controlplane.screening.generated import bits, has_sequence, is_wordy, stands_for

_MIN_BITS = 2.4
_HEX, _PARTS = re.compile(rb"[0-9A-Fa-f]+"), re.compile(rb"[^A-Za-z0-9]")
_UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
# What the vendor calls its key; `client id` too, which is half of a credential.
_SAYS_KEY = re.compile(
    rb"(?i)key|token|secret|auth|access|password|client|credential|login|\bsid\b|id\b|sdk|pat\b"
)
_HARMLESS = re.compile(
    rb"(?i)url|uri|endpoint|version|commit|sha|digest|hash|checksum|model|name|path|host|region"
    rb"|file|image|branch|trace|request|tenant|project|account_?id|key_?id"
)
_LOWER_32, _ANY_32 = "[a-z0-9]{32}", "[A-Za-z0-9]{32}"
# In lower case; a blank in a name may as well be `-` or `_`, or nothing.
_SHAPES = {
    "adafruit": r"[a-z0-9_-]{32}",
    "adobe": _LOWER_32,
    "ai21": r"[A-Za-z0-9]{32,48}",
    "airtable": r"[A-Za-z0-9]{17}",
    "algolia": _LOWER_32,
    "alibaba|aliyun": r"[A-Za-z0-9]{30}",
    "asana": rf"{_LOWER_32}|\d{{16}}",
    "assembly ai": _LOWER_32,
    "atlassian|confluence|jira": r"[A-Za-z0-9]{24}",
    "beamer": r"b_[A-Za-z0-9=_-]{44}",
    "bitbucket": rf"{_ANY_32}|[A-Za-z0-9=_-]{{64}}",
    "bittrex": _LOWER_32,
    "circle ci": r"[0-9a-f]{40}",
    "codecov": rf"{_LOWER_32}|{_UUID}",
    "cloudflare": r"[A-Za-z0-9_-]{40}|[0-9a-f]{37}",
    "cohere|co api": r"[A-Za-z0-9]{40}",
    "coinbase": r"[a-z0-9_-]{64}",
    "confluent": r"[A-Za-z0-9]{16}|[A-Za-z0-9+/]{64}",
    "contentful": r"[A-Za-z0-9=_-]{43}",
    "datadog|dd api|dd app": r"[0-9a-f]{40}|[0-9a-f]{32}",
    "deepgram": r"[0-9a-f]{40}",
    "deepseek|deepinfra|moonshot|zhipu|minimax|stability|novita|nebius|sambanova|hyperbolic|voyage"
    "|openai|anthropic|groq|gemini|perplexity|replicate|fireworks|openrouter|tavily|jina|xai|grok"
    "|serper|serp api|exa|dashscope|qwen": r"[A-Za-z0-9_.-]{32,96}|" + _UUID,
    "discord": r"[0-9a-f]{64}|[A-Za-z0-9=_-]{32}|\d{18}",
    "drone ci": _ANY_32,
    "dropbox": r"[a-z0-9]{15}|[a-z0-9]{11}A{10}[A-Za-z0-9_=-]{43}",
    "etsy": r"[a-z0-9]{24}",
    "facebook|instagram": _LOWER_32,
    "fastly": r"[A-Za-z0-9=_-]{32}",
    "finicity": r"[0-9a-f]{32}|[A-Za-z0-9]{20}",
    "finnhub": r"[a-z0-9]{20}(?:[a-z0-9]{20})?",
    "flickr": rf"{_LOWER_32}|[0-9a-f]{{16}}",
    "freshbooks": r"[0-9a-f]{64}",
    "gitter": r"[a-z0-9_-]{40}",
    "github": r"[0-9a-f]{40}",
    "gocardless": r"live_[A-Za-z0-9_=-]{40}",
    "heroku": _UUID,
    "hubspot": _UUID,
    "intercom": r"[A-Za-z0-9=_-]{60}",
    "jfrog|artifactory|bintray|xray": r"[A-Za-z0-9]{73}|[A-Za-z0-9]{64}",
    "kraken": r"[A-Za-z0-9/=_+-]{80,90}",
    "kucoin": rf"[0-9a-f]{{24}}|{_UUID}",
    "launch darkly": r"[A-Za-z0-9=_-]{40}",
    "linear": _LOWER_32,
    "linked in": r"[A-Za-z0-9]{14}|[A-Za-z0-9]{16}",
    "lob": r"(?:live|test)_(?:[0-9a-f]{35}|pub_[0-9a-f]{31})",
    "looker": r"[A-Za-z0-9]{20}|[A-Za-z0-9]{24}",
    "mailgun": r"[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8}|[0-9a-f]{32}",
    "mapbox": r"pk\.[A-Za-z0-9]{60}\.[A-Za-z0-9]{22}",
    "mattermost": r"[a-z0-9]{26}",
    "meraki": r"[0-9a-f]{40}",
    "message bird": rf"[A-Za-z0-9]{{25}}|{_UUID}",
    "mistral": _ANY_32,
    "netlify": r"[A-Za-z0-9=_-]{40,46}",
    "new relic": r"[0-9a-f]{64}|[0-9a-f]{40}",
    "nytimes|newyorktimes": r"[A-Za-z0-9=_-]{32}",
    "okta": r"00[\w=-]{40}",
    "pagerduty": r"[A-Za-z0-9+_-]{20}",
    "plaid": r"[0-9a-f]{24}|[0-9a-f]{30}",
    "private ai": _LOWER_32,
    "rapid api": r"[a-z0-9_-]{50}",
    "send bird": rf"{_UUID}|[0-9a-f]{{40}}",
    "sentry": r"[0-9a-f]{64}",
    "snyk": _UUID,
    "sonar|sonarqube": r"[a-z0-9=_-]{40}",
    "sourcegraph": r"[0-9a-f]{40}",
    "squarespace": _UUID,
    "sumo logic|sumo": r"su[A-Za-z0-9]{12}|[A-Za-z0-9]{64}",
    "telegram|telegr": r"\d{5,16}:A[A-Za-z0-9_-]{34}",
    "together": r"[0-9a-f]{64}",
    "travis ci|travis": r"[A-Za-z0-9]{22}",
    "twilio": r"[0-9a-f]{32}",
    "twitch": r"[a-z0-9]{30}",
    "twitter": r"[A-Za-z0-9]{25}|[A-Za-z0-9]{45}|[A-Za-z0-9]{50}|\d{15,25}-[A-Za-z0-9]{20,40}",
    "wandb": r"[0-9a-f]{40}",
    "yandex": r"YC[A-Za-z0-9_-]{38}",
    "zendesk": r"[A-Za-z0-9]{40}",
    "contribsys": r"[0-9a-f]{8}:[0-9a-f]{8}",
}  # fmt: skip
_BY_NAME = {
    name.replace(" ", "").encode(): shape
    for names, shape in _SHAPES.items()
    for name in names.split("|")
}
_WORDS = "|".join(name.replace(" ", "[_ -]?") for names in _SHAPES for name in names.split("|"))
# Short names are a part of other words, and of base64.
_SHORT = re.compile(r"\b[a-z0-9]{2,4}\b")
_BOUND = "|".join(
    rf"(?:\b|_){word}" if _SHORT.fullmatch(word) else word for word in _WORDS.split("|")
)
_VENDOR = re.compile(_WORDS.encode(), re.IGNORECASE)
_APART = re.compile(rb"[_ -]")
_COMPILED: dict[str, re.Pattern[bytes]] = {}


def _shaped(data: bytes, start: int, end: int) -> Iterator[Span]:
    """Refuses what does not look as the vendor's keys do."""
    value = data[start:end]
    before = data[max(start - 96, 0) : start]
    vendors = _VENDOR.findall(before[before.rfind(b"\x00") + 1 :])
    if not vendors or data[end : end + 1] in (b"(", b"["):
        return
    shape = _BY_NAME[_APART.sub(b"", vendors[-1]).lower()]
    if shape not in _COMPILED:
        _COMPILED[shape] = re.compile(shape.encode())
    name = name_of(data, start, _VENDOR)
    drawn = max(_PARTS.split(value), key=len)
    if (
        not _COMPILED[shape].fullmatch(value)
        or not any(48 <= char < 58 for char in value)
        or _HARMLESS.search(name.lower().replace(vendors[-1].lower(), b""))
        or not _SAYS_KEY.search(before[-64:])
        or bits(value) < _MIN_BITS
        or stands_for(value)
        or has_sequence(value[-16:])
        or (is_wordy(drawn) and not _HEX.fullmatch(drawn))
    ):
        return
    yield start, end


_RANDOM = "ab3de6gh9jk2mn5pq8rs1tu4vw7x"
DETECTORS = (
    Detector(
        "key_beside_a_vendor",
        "secret",
        "secrets",
        rf"(?i)(?:{_BOUND})[a-z0-9_. -]*(?:{IS}|[ \t])"
        r"([a-z0-9_+/.:~-]{13,}[a-z0-9_+/~-]?={0,3})",
        refine=_shaped,
        hint=rf"(?i)(?:{_BOUND})",
        matches=(
            f"const adafruitToken = '{_RANDOM}{_RANDOM[:4]}'",
            "heroku_api_key: 0a1b2c3d-4e5f-6789-0a1b-2c3d4e5f6789",
            f"LINKEDIN_CLIENT_SECRET={_RANDOM[:16]}",
            f"--twitch-token {_RANDOM}{_RANDOM[:2]}",
        ),
        ignores=(
            "heroku_app: 0a1b2c3d-4e5f-6789-0a1b-2c3d4e5f6789",
            f"linear_algebra = {_RANDOM}",
            "github_sha: " + "0a1b2c3d4e" * 4,
            "DATADOG_API_KEY=" + "x" * 32,
        ),
    ),
)
