"""Formats of keys as their issuers and public rule sets describe them, and values made of them.

Nothing here is read from the detectors. `{20:w}` stands for twenty characters of an alphabet;
the values are put together at run time, so that no scanner takes this file for a leak.
"""

# ruff: noqa: E501 (tables)
from __future__ import annotations

import random
import re
import string
from typing import NamedTuple

_DIGITS, _LOWER, _UPPER = string.digits, string.ascii_lowercase, string.ascii_uppercase
_ALPHABETS = {
    "d": _DIGITS,
    "x": _DIGITS + "abcdef",
    "X": _DIGITS + "ABCDEF",
    "l": _LOWER,
    "L": _LOWER + _UPPER,
    "a": _LOWER + _DIGITS,
    "A": _UPPER + _DIGITS,
    "B": _UPPER + "234567",
    "w": _LOWER + _UPPER + _DIGITS,
    "u": _LOWER + _UPPER + _DIGITS + "-_",
    "b": _LOWER + _UPPER + _DIGITS + "+/",
    "q": "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L",
}
_SLOT = re.compile(r"\{(\d+):(\w)\}")
_UUID = "{8:x}-{4:x}-{4:x}-{4:x}-{12:x}"


class Format(NamedTuple):
    """`name`, and the `shapes` its values have; `words` are what names stand beside them."""

    name: str
    shapes: tuple[str, ...]
    words: tuple[str, ...] = ()


def value(rng: random.Random, shape: str) -> str:
    """A value of `shape`; no dash is drawn for an end, where it could belong to the sentence."""
    while True:
        made = _SLOT.sub(
            lambda slot: "".join(rng.choices(_ALPHABETS[slot[2]], k=int(slot[1]))), shape
        )
        drawn = made[:: len(made) - 1] if shape.startswith("{") else made[-1]
        if shape[-1] != "}" or not set(drawn) & {"-", "_"}:
            return made


def _rows(table: str, *, named: bool) -> tuple[Format, ...]:
    rows = []
    for line in table.strip().splitlines():
        name, *shapes = line.replace("UUID", _UUID).split()
        rows.append(Format(name, tuple(shapes), (name,) if named else ()))
    return tuple(rows)


# Keys that say what they are: an issuer's prefix, mark or ending.
LLM = _rows(
    """
openai sk-{20:w}T3BlbkFJ{20:w} sk-proj-{74:u}T3BlbkFJ{74:u} sk-proj-{48:w} sk-svcacct-{74:u}T3BlbkFJ{74:u} sk-admin-{58:u}T3BlbkFJ{58:u} sk-{48:w}
anthropic sk-ant-api03-{93:u}AA sk-ant-admin01-{93:u}AA sk-ant-oat01-{93:u}AA
google AIzaSy{33:u} AIza{35:u} AQ.Ab{48:u}
groq gsk_{52:w}
xai xai-{80:w}
deepseek sk-{32:x}
fireworks fw_{24:w} fw_{22:w}
openrouter sk-or-v1-{64:x}
together tgp_v1_{43:u}
replicate r8_{37:w}
huggingface hf_{34:L} hf_{34:w} api_org_{34:L}
perplexity pplx-{48:w} pplx-{56:a}
llamaindex llx-{48:w}
tavily tvly-{32:w} tvly-dev-{32:w} tvly-prod-{32:w}
voyage pa-{43:u}
jina jina_{60:w}
bedrock ABSK{110:b}== ABSK{128:b} bedrock-api-key-YmVkcm9jay5hbWF6b25hd3MuY29t{80:b}
nvidia nvapi-{64:u}
cerebras csk-{48:a}
langsmith lsv2_pt_{32:x}_{10:x} lsv2_sk_{32:x}_{10:x}
elevenlabs sk_{48:x}
pinecone pcsk_{6:w}_{63:w}
langfuse sk-lf-UUID
wandb wandb_v1_{77:w}
exa-helicone sk-helicone-{7:a}-{7:a}-{7:a}-{7:a}
llama LLM|{15:d}|{27:u}
""",
    named=False,
)  # fmt: skip

PREFIXED = _rows(
    """
1password-secret A3-{6:A}-{11:A}-{5:A}-{5:A}-{5:A} A3-{6:A}-{6:A}-{5:A}-{5:A}-{5:A}-{5:A}
1password-service ops_eyJ{260:b}
adobe p8e-{32:w}
age AGE-SECRET-KEY-1{58:q}
airtable pat{14:w}.{64:x}
akamai akab-{16:a}-{16:a}
alibaba LTAI{20:w}
artifactory AKCp{69:w} cmVmdGtuO{55:w}
atlassian ATATT3xFfGF0{171:u}={8:X} ATCTT3xFfGF0{171:u}={8:X}
aws-id AKIA{16:B} ASIA{16:B} ABIA{16:B} ACCA{16:B}
aws-mws amzn.mws.UUID
azure-ad {3:w}8Q~{34:w} {3:w}7Q~{31:w}
bitbucket-app ATBB{24:w}{8:X}
bitbucket-http BBDC-{44:w}
clickhouse 4b1d{38:w}
clojars CLOJARS_{60:a}
cloudflare-ca v1.0-{24:x}-{146:x}
cloudflare-new cfut_{40:w} cfat_{40:w}
databricks dapi{32:x} dapi{32:x}-2
digitalocean dop_v1_{64:x} doo_v1_{64:x} dor_v1_{64:x}
discord-bot M{23:w}.{6:w}.{27:u}
docker dckr_pat_{27:w} dckr_oat_{32:w}
docker-swarm SWMTKN-1-{50:a}-{25:a} SWMKEY-1-{43:b}
doppler dp.pt.{43:w} dp.st.prd.{43:w}
dropbox sl.{135:w} sl.u.{135:w}
duffel duffel_live_{43:w} duffel_test_{43:w}
dynatrace dt0c01.{24:A}.{64:A} dt0s01.{24:A}.{64:A}
easypost EZAK{54:w} EZTK{54:w}
facebook EAAM{110:w} EAAC{110:w} EAAB{110:w}
facebook-app {15:d}|{27:u} {16:d}|{27:u}
figma figd_{40:u} figu_{40:u}
flutterwave FLWSECK_TEST-{32:x}-X FLWPUBK_TEST-{32:x}-X FLWSECK_TEST{12:x}
fly fo1_{43:w} fm2_{120:b} fm1r_{120:b}
frameio fio-u-{64:w}
gitea-gitlab glpat-{20:w} gldt-{20:w} glrt-{20:w} glptt-{40:x} glsoat-{20:w} glimt-{25:w} glft-{20:w} gloas-{64:w} glagent-{50:w} glcbt-1_{20:w} glpat-{27:w}.01.{9:a} glffct-{20:w}
gitlab-runner GR1348941{20:w}
gitlab-cookie _gitlab_session={32:a}
github ghp_{36:w} gho_{36:w} ghu_{36:w} ghs_{36:w} ghr_{36:w} github_pat_{22:w}_{59:w}
google-oauth GOCSPX-{28:w} ya29.{68:u} 1//0{64:u}
grafana glsa_{32:w}_{8:x} glc_{48:b} eyJrIjoi{80:w}
harness pat.{22:u}.{24:w}.{20:w} sat.{22:u}.{24:w}.{20:w}
heroku HRKU-AA{58:w}
hubspot pat-na1-UUID pat-eu1-UUID
infracost ico-{32:w}
instagram IGQVJ{130:w}
intra42 s-s4t2ud-{64:x} s-s4t2af-{64:x}
jwt eyJhbGciOiJIUzI1NiJ9.eyJ{60:w}.{43:u}
linear lin_api_{40:w}
mailchimp {32:x}-us{2:d}
mailgun key-{32:x} pubkey-{32:x} {32:x}-{8:x}-{8:x}
mapbox sk.eyJ{60:w}.{22:w}
maxmind {6:w}_{29:w}_mmk
newrelic NRAK-{27:A} NRII-{32:w} NRJS-{19:x} {36:x}NRAL
nkey SUA{55:B} SAA{55:B}
notion ntn_{11:d}{35:w} secret_{43:w}
npm npm_{36:w}
nuget oy2{43:a}
octopus API-{26:A}
openshift sha256~{43:w}
planetscale pscale_tkn_{43:w} pscale_pw_{43:w} pscale_oauth_{43:w}
plaid access-production-UUID access-sandbox-UUID
postman PMAK-{24:x}-{34:x}
posthog phx_{43:w} phc_{43:w}
prefect pnu_{36:w}
pulumi pul-{40:x}
pypi pypi-AgEIcHlwaS5vcmc{120:u}
readme rdme_{70:a}
rubygems rubygems_{48:x}
salesforce 00D{12:w}!AQ{94:w}
scalingo tk-us-{48:u}
sendgrid SG.{22:u}.{43:u}
sendinblue xkeysib-{64:x}-{16:w}
sentry sntryu_{64:x} sntrys_eyJpYXQiO{120:b}_{43:b}
settlemint sm_aat_{16:w} sm_pat_{16:w}
shippo shippo_live_{40:x} shippo_test_{40:x}
shopify shpat_{32:x} shpca_{32:x} shppa_{32:x} shpss_{32:x}
slack xoxb-{12:d}-{13:d}-{24:w} xoxp-{12:d}-{12:d}-{12:d}-{32:x} xapp-1-A{10:A}-{13:d}-{64:x} xoxe.xoxp-1-{163:A} xoxa-2-{40:x}
slack-hook https://hooks.slack.com/services/T{10:A}/B{10:A}/{24:w}
sonar squ_{40:x} sqp_{40:x} sqa_{40:x}
sourcegraph sgp_{40:x} sgp_local_{40:x} sgp_{16:x}_{40:x}
square sq0atp-{22:w} EAAA{60:w} sq0csp-{43:w}
stripe sk_live_{24:w} sk_test_{99:w} rk_live_{24:w} whsec_{32:w}
supabase sbp_{40:x} sb_secret_{31:w}
tailscale tskey-auth-{12:w}-{32:w} tskey-api-{12:w}-{32:w}
telegram {10:d}:AA{33:u}
terraform {14:w}.atlasv1.{67:w}
twilio SK{32:x}
typeform tfp_{44:w}_{14:w}
vault hvs.{95:u} hvb.{150:u} s.{24:w}
yandex AQVN{36:w} t1.{40:w}.{86:u}
""",
    named=False,
)  # fmt: skip

# Keys that only the name beside them gives away.
NAMED = _rows(
    """
adafruit {32:a}
adobe {32:x}
airtable {17:w}
algolia {32:x} {32:a}
alibaba {30:w}
asana {32:x} {16:d}
atlassian {24:w}
beamer b_{44:w}
bitbucket {32:w} {64:w}
bittrex {32:x}
codecov {32:a} UUID
cloudflare {40:u} {37:x}
cohere {40:w}
coinbase {64:a}
confluent {16:A} {64:w}
contentful {43:u}
datadog {40:x} {32:x}
deepgram {40:x}
deepseek {32:x}
discord {64:x} {32:w} {18:d}
droneci {32:w}
dropbox {15:a} {11:a}AAAAAAAAAA{43:u}
etsy {24:a}
facebook {32:x}
fastly {32:u}
finicity {32:x} {20:w}
finnhub {20:a}
flickr {32:x}
freshbooks {64:x}
gitter {40:x}
gocardless live_{40:w}
heroku UUID
hubspot UUID
intercom {60:w}
jfrog {73:w} {64:w}
jira {24:w}
kraken {86:b}
kucoin {24:x} UUID
launchdarkly {40:w}
linear {32:x}
linkedin {14:a} {16:w}
lob live_{35:x} test_{35:x} test_pub_{31:x}
looker {20:w} {24:w}
mailgun {32:x}-{8:x}-{8:x}
mapbox pk.{60:w}.{22:w}
mattermost {26:a}
meraki {40:x}
messagebird {25:w} UUID
mistral {32:w}
netlify {43:u}
newrelic {64:x}
nytimes {32:w}
okta 00{40:w}
plaid {24:x} {30:x}
rapidapi {50:a}
sendbird UUID {40:x}
sentry {64:x}
snyk UUID
sonar {40:x}
squarespace UUID
sumologic su{12:w} {64:w}
telegram {9:d}:A{34:w}
together {64:x}
travisci {22:w}
twitch {30:a}
twitter {25:w} {50:w} {45:w}
yandex YC{38:w}
zendesk {40:w}
""",
    named=True,
)  # fmt: skip
