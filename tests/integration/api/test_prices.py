"""`/admin/v1/prices` over PostgreSQL and Valkey."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import select
from tests.integration.api.conftest import Organization, assert_error

from controlplane.adapters.postgres.tables import AdminChange
from controlplane.domain.access import Caller, Role
from controlplane.domain.price import Price
from controlplane.domain.usage import Usage

PRICES = "/admin/v1/prices"
PLACE = f"{PRICES}/openai/gpt-4o"
BODY = {"input": "2.00", "output": "8.50"}
WRITTEN: dict[str, Any] = {
    "provider": "openai",
    "model": "gpt-4o",
    "input": "2.00",
    "output": "8.50",
    "cached": None,
    "cache_write": None,
    "cache_write_hour": None,
    "audio_input": None,
    "audio_output": None,
    "image_input": None,
    "image_output": None,
    "request": None,
    "added_input": 0,
    "always": None,
    "calls": {},
    "regions": {},
    "tiers": {},
    "above": {},
    "source": "own",
}
ITEMS: dict[str, Any] = {
    "cache_write_hour": "4.00",
    "audio_input": "32",
    "request": "0.001",
    "added_input": 1000,
    "always": "web_search",
    "calls": {"web_search": "0.01"},
    "regions": {"us": "1.1"},
    "tiers": {"flex": {"input": "1", "output": "4.25", "above": {"200000": BODY}}},
    "above": {"200000": {"input": "4", "output": "17"}},
}


async def _changes(organization: Organization) -> list[tuple[Any, ...]]:
    columns = (AdminChange.action, AdminChange.resource_id, AdminChange.before, AdminChange.after)
    query = select(*columns).where(AdminChange.resource == "price").order_by(AdminChange.id)
    async with organization.container.database.tenant(organization.id) as connection:
        return [tuple(row) for row in await connection.execute(query)]


async def test_a_price_is_written_read_changed_and_deleted(organization: Organization) -> None:
    admin = organization.admin
    created = await admin.put(PLACE, json=BODY)
    assert (created.status_code, created.json()) == (201, WRITTEN)
    read = await admin.get(PLACE)
    assert (read.status_code, read.json()) == (200, WRITTEN)
    assert read.headers["etag"] == created.headers["etag"]
    unchanged = await admin.get(PLACE, headers={"If-None-Match": read.headers["etag"]})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    changed = await admin.put(PLACE, json={**read.json(), "cached": "0.000001"})
    assert changed.status_code == 200
    assert changed.json() == WRITTEN | {"cached": "0.000001"}
    assert changed.headers["etag"] != created.headers["etag"]
    assert (await admin.delete(PLACE)).status_code == 204
    assert_error(await admin.delete(PLACE), 404, "model")
    own = {name: value for name, value in WRITTEN.items() if name != "source"}
    name = "openai/gpt-4o"
    assert await _changes(organization) == [
        ("create", name, None, own),
        ("update", name, own, own | {"cached": "0.000001"}),
        ("delete", name, own | {"cached": "0.000001"}, None),
    ]


async def test_without_an_own_price_the_list_says_what_it_costs(
    organization: Organization,
) -> None:
    listed = await organization.admin.get(PLACE)
    assert listed.status_code == 200
    assert listed.json()["source"] == "list"
    assert "etag" not in listed.headers
    price = Price.from_dict(listed.json())
    usage = Usage(input=1_200, output=310, cached=1_024)
    book = organization.container.prices
    listed_price = book.price("openai", "gpt-4o")
    assert listed_price is not None
    assert listed_price.tiers
    assert price == listed_price
    assert price.cost_microusd(usage) is not None
    for place in (f"{PRICES}/openai/no-such-model", f"{PRICES}/vllm/llama", f"{PRICES}/x/y"):
        assert_error(await organization.admin.get(place), 404, "model")
    # What was read can be written back, and is then the organisation's own.
    assert (await organization.admin.put(PLACE, json=listed.json())).status_code == 201
    assert (await organization.admin.get(PLACE)).json()["source"] == "own"


async def test_everything_that_has_a_price_is_kept_and_holds(organization: Organization) -> None:
    created = await organization.admin.put(PLACE, json=BODY | ITEMS)
    assert created.status_code == 201
    read = await organization.admin.get(PLACE)
    assert read.json()["calls"] == ITEMS["calls"]
    assert Price.from_dict(read.json()) == Price.from_dict(BODY | ITEMS)
    assert (await organization.admin.put(PLACE, json=read.json())).status_code == 200
    caller = Caller(organization.id, Role.SERVICE, application_id="app-1", key_id="k")
    prices = (await organization.container.configuration_cache.of(caller)).prices
    assert prices["openai", "gpt-4o"] == Price.from_dict(BODY | ITEMS)
    # What is no longer said is no longer there.
    await organization.admin.put(PLACE, json=BODY)
    assert (await organization.admin.get(PLACE)).json() == WRITTEN


async def test_a_write_holds_from_the_next_request_on(organization: Organization) -> None:
    caller = Caller(organization.id, Role.SERVICE, application_id="app-1", key_id="k")
    rules = organization.container.configuration_cache
    assert (await rules.of(caller)).prices == {}
    await organization.admin.put(PLACE, json=BODY)
    prices = (await rules.of(caller)).prices
    assert prices["openai", "gpt-4o"].cost_microusd(Usage(input=100, output=10)) == 285
    await organization.admin.delete(PLACE)
    assert (await rules.of(caller)).prices == {}


@pytest.mark.parametrize("model", ["meta-llama/Llama-3", "a/b/c", "name with spaces", "ünï/😀"])
async def test_any_printable_model_has_a_price(organization: Organization, model: str) -> None:
    place = f"{PRICES}/vllm/{quote(model)}"
    created = await organization.admin.put(place, json=BODY)
    assert (created.status_code, created.json()["model"]) == (201, model)
    assert (await organization.admin.get(place)).json()["model"] == model
    assert (await organization.admin.delete(place)).status_code == 204


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"input": 2.5}, "input"),
        ({"input": 2}, "input"),
        ({"input": None}, "input"),
        ({"output": "-1"}, "output"),
        ({"output": "1e3"}, "output"),
        ({"output": "NaN"}, "output"),
        ({"output": "٣"}, "output"),
        ({"output": "1000000"}, "output"),
        ({"output": "1.0000001"}, "output"),
        ({"output": " 1"}, "output"),
        ({"cached": ""}, "cached"),
        ({"cache_write": True}, "cache_write"),
        ({"inptu": "1"}, "inptu"),
        ({"calls": {"web_search": 0.01}}, "calls.web_search"),
        ({"calls": {"Web Search": "1"}}, "calls.Web Search.[key]"),
        ({"regions": {"us": "-1"}}, "regions.us"),
        ({"tiers": {"flex": {"input": "1"}}}, "tiers.flex.output"),
        ({"tiers": {"flex": {**BODY, "calls": {}}}}, "tiers.flex.calls"),
        ({"above": {"many": BODY}}, "above.many.[key]"),
        ({"added_input": -1}, "added_input"),
        ({"model": "gpt-4"}, "model"),
        ({"provider": "azure"}, "provider"),
    ],
)
async def test_what_is_no_price_is_refused_by_its_field(
    organization: Organization, change: dict[str, Any], param: str
) -> None:
    assert_error(await organization.admin.put(PLACE, json=BODY | change), 400, param)
    assert (await organization.admin.get(PRICES)).json()["data"] == []


async def test_a_provider_that_is_not_configured(organization: Organization) -> None:
    assert_error(await organization.admin.put(f"{PRICES}/acme/m", json=BODY), 400, "provider")
    assert_error(await organization.admin.put(f"{PRICES}/openai/a%00b", json=BODY), 400, "model")
    assert_error(await organization.admin.get(f"{PRICES}/openai/a%00b"), 404, "model")


async def test_two_administrators_do_not_overwrite_each_other(organization: Organization) -> None:
    admin = organization.admin
    first = (await admin.put(PLACE, json=BODY)).headers["etag"]
    header = {"If-Match": first}
    answers = await asyncio.gather(
        *(admin.put(PLACE, json=BODY | {"input": f"{i}"}, headers=header) for i in range(5))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412, 412]
    assert_error(await admin.delete(PLACE, headers=header), 412, "If-Match")
    assert_error(
        await admin.put(PLACE, json=BODY, headers={"If-None-Match": "*"}), 412, "If-None-Match"
    )
    # An answer that was lost: the same again succeeds, whatever the condition says.
    stored = (await admin.get(PLACE)).json()
    assert (await admin.put(PLACE, json=stored, headers=header)).status_code == 200


async def test_pages(organization: Organization) -> None:
    names = [("openai", "a/b"), ("openai", "c"), ("vllm", "a"), ("vllm", "b")]
    for provider, model in reversed(names):
        await organization.admin.put(f"{PRICES}/{provider}/{model}", json=BODY)
    seen, cursor = [], ""
    while cursor is not None:
        page = (await organization.admin.get(f"{PRICES}?limit=3{cursor}")).json()
        seen += [(row["provider"], row["model"]) for row in page["data"]]
        cursor = page["next_cursor"] and f"&cursor={quote(page['next_cursor'])}"
    assert seen == names
    assert_error(await organization.admin.get(f"{PRICES}?cursor=bm9zbGFzaA=="), 400, "cursor")


async def test_prices_of_others_stay_theirs(
    organization: Organization, stranger: Organization
) -> None:
    await stranger.admin.put(PLACE, json=BODY)
    assert (await organization.admin.get(PRICES)).json()["data"] == []
    assert (await organization.admin.get(PLACE)).json()["source"] == "list"
    assert_error(await organization.admin.delete(PLACE), 404, "model")
    assert (await stranger.admin.get(PLACE)).json() == WRITTEN


async def test_who_may_do_what(organization: Organization) -> None:
    for role, client in organization.clients.items():
        may_write, may_read = role is Role.ADMIN, role is not Role.SERVICE
        assert (await client.get(PRICES)).status_code == (200 if may_read else 403)
        assert (await client.get(PLACE)).status_code == (200 if may_read else 403)
        written = await client.put(PLACE, json=BODY)
        assert written.status_code == (201 if may_write else 403)
        assert (await client.delete(PLACE)).status_code == (204 if may_write else 403)
