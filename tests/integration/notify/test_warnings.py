"""From a request that crosses a threshold to a receiver that is told of it, once."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.integration.notify.conftest import Scene

from controlplane.adapters.notify.queue import NotificationQueue
from controlplane.audit import deliver
from controlplane.audit.consume import consume
from controlplane.audit.deliver import RETRY_SECONDS
from controlplane.domain.notification import BudgetWarning
from controlplane.errors import Unreachable
from controlplane.wiring import Container

pytestmark = [pytest.mark.usefixtures("whole_day"), pytest.mark.dates]


async def test_a_threshold_is_told_once_and_the_signature_is_right(scene: Scene) -> None:
    secret = await scene.hook(thresholds=[1, 50])
    await scene.cap("0.001")
    while not scene.receiver.requests:
        assert (await scene.chat()).status_code == 200
        await scene.drain()
    body = scene.receiver.verified(0, secret)
    assert body["type"] == "budget.threshold"
    data = body["data"]
    assert data["organization_id"] == scene.organization.id
    assert (data["budget"], data["threshold"]) == ("cost:app-1:month", 1)
    assert data["limit_usd"] == "0.001000"
    assert 1 <= data["used_percent"] < 50
    assert "cost:app-1:month" in body["text"]
    for _ in range(3):
        assert (await scene.chat()).status_code == 200
    await scene.drain()
    assert len(scene.receiver.requests) == 1


async def test_every_delivery_of_an_event_and_every_process_tells_it_once(scene: Scene) -> None:
    await scene.hook(thresholds=[1])
    await scene.cap("0.0006")
    for _ in range(3):
        assert (await scene.chat()).status_code == 200
    records = scene.take()
    charged = [json.loads(each["body"]) for each in records]
    assert any(event.get("charges") for event in charged)
    others = [Container(scene.settings) for _ in range(3)]
    # SQS delivers at least once, and to whom it likes.
    batches = [scene.container, *others]
    answers = await asyncio.gather(*(consume({"Records": records}, each) for each in batches))
    assert answers == [{"batchItemFailures": []}] * 4
    await scene.drain()
    for each in others:
        await each.database.close()
        await each.redis.close()
    assert [body["data"]["threshold"] for body in scene.bodies] == [1]


async def test_a_request_that_a_cap_refuses_is_told_once(scene: Scene) -> None:
    await scene.hook(thresholds=[])
    await scene.cap("0.0005")
    statuses = [(await scene.chat()).status_code for _ in range(30)]
    assert statuses[0] == 200
    assert statuses.count(429) > 2
    await scene.drain()
    (body,) = scene.bodies
    assert body["type"] == "budget.refused"
    assert body["data"]["threshold"] is None
    assert "refused" in body["text"]


async def test_a_request_that_no_period_has_room_for_is_no_warning(scene: Scene) -> None:
    await scene.hook()
    await scene.cap("0.000001")
    assert (await scene.chat()).status_code == 429
    await scene.drain()
    assert scene.bodies == []


async def test_a_cap_that_is_raised_is_warned_of_again(scene: Scene) -> None:
    await scene.hook(thresholds=[10])
    for usd, requests in (("0.0006", 6), ("0.0018", 11)):
        await scene.cap(usd)
        for _ in range(requests):
            assert (await scene.chat()).status_code == 200
        await scene.drain()
    told = [(body["data"]["limit_usd"], body["data"]["threshold"]) for body in scene.bodies]
    assert told == [("0.000600", 10), ("0.001800", 10)]


async def test_slack_gets_a_text_for_people(scene: Scene) -> None:
    destination = {"name": "chat", "kind": "slack", "url": scene.receiver.url}
    response = await scene.put(destinations=[destination], thresholds=[1])
    assert response.json()["destinations"][0]["secret"] is None
    await scene.cap("0.0006")
    for _ in range(3):
        await scene.chat()
    await scene.drain()
    (headers, _), (body,) = scene.receiver.requests[0], scene.bodies
    assert body.keys() == {"text"}
    assert "cost:app-1:month" in body["text"]
    assert "webhook-signature" not in headers


async def test_without_a_destination_nothing_is_noted(scene: Scene) -> None:
    await scene.put(thresholds=[1])
    await scene.cap("0.0006")
    for _ in range(3):
        await scene.chat()
    await scene.drain()
    await scene.hook(thresholds=[1, 2, 90])
    warning = {"name": "cost:app-1:month", "capacity": 600, "before": 0, "after": 9}
    await scene.container.warn(
        [(scene.organization.id, {**warning, "period": "p", "refused": False}, _now())]
    )
    await scene.drain()
    assert [body["data"]["threshold"] for body in scene.bodies] == [1]


async def test_a_failure_is_tried_again_later_and_given_up_in_the_end(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    delays, counted = list[int](), list[str]()
    real = NotificationQueue.send

    async def send(queue: NotificationQueue, messages: Any, delay_seconds: int = 0) -> None:
        delays.append(delay_seconds)
        await real(queue, messages)

    monkeypatch.setattr(NotificationQueue, "send", send)
    monkeypatch.setattr(deliver, "count", lambda name, *_, **__: counted.append(name))
    secret = await scene.hook(thresholds=[1])
    scene.receiver.statuses += [500] * 99
    await scene.container.warn([_charge(scene)])
    await scene.drain()
    assert delays == [0, *RETRY_SECONDS]
    assert counted == ["notification_postponed"] * len(RETRY_SECONDS) + ["notification_failed"]
    ids = {headers["webhook-id"] for headers, _ in scene.receiver.requests}
    assert len(ids) == 1
    assert scene.receiver.verified(-1, secret)["data"]["threshold"] == 1


async def test_a_receiver_that_is_gone_is_asked_once(scene: Scene) -> None:
    await scene.hook(thresholds=[1])
    scene.receiver.statuses.append(410)
    await scene.container.warn([_charge(scene)])
    await scene.drain()
    assert len(scene.receiver.requests) == 1


async def test_a_warning_that_the_queue_did_not_take_is_not_sent_yet(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    await scene.hook(thresholds=[1])

    async def down(*_: Any) -> None:
        raise Unreachable("sqs")

    with monkeypatch.context() as patch:
        patch.setattr(NotificationQueue, "send", down)
        with pytest.raises(Unreachable):
            await scene.container.warn([_charge(scene)])
    await scene.container.warn([_charge(scene)])
    await scene.drain()
    assert len(scene.bodies) == 1


async def test_a_batch_whose_warnings_wait_comes_again(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    await scene.hook(thresholds=[1])
    await scene.cap("0.0006")
    for _ in range(3):
        await scene.chat()
    records = scene.take()

    async def down(*_: Any) -> None:
        raise Unreachable("sqs")

    with monkeypatch.context() as patch:
        patch.setattr(NotificationQueue, "send", down)
        answer = await consume({"Records": records}, scene.container)
    again = {each["itemIdentifier"] for each in answer["batchItemFailures"]}
    assert again
    await scene.consume([each for each in records if each["messageId"] in again])
    await scene.drain()
    assert len(scene.bodies) == 1


async def test_a_destination_that_was_removed_gets_nothing(scene: Scene) -> None:
    await scene.hook(thresholds=[1])
    await scene.container.warn([_charge(scene)])
    await scene.put()
    await scene.drain()
    assert scene.bodies == []


def test_the_id_is_the_same_everywhere_and_that_of_no_other_warning() -> None:
    charge = {"name": "c", "capacity": 100, "period": "1", "after": 80}
    first = BudgetWarning.of("org-1", charge, 80, _now())
    assert first.id == BudgetWarning.of("org-1", {**charge, "after": 90}, 80, _now()).id
    others = [
        BudgetWarning.of("org-2", charge, 80, _now()),
        BudgetWarning.of("org-1", charge, 100, _now()),
        BudgetWarning.of("org-1", {**charge, "period": "2"}, 80, _now()),
        BudgetWarning.of("org-1", {**charge, "capacity": 200}, 80, _now()),
    ]
    assert len({first.id, *(each.id for each in others)}) == 5


def _now() -> datetime:
    return datetime.now(UTC)


def _charge(scene: Scene) -> Any:
    charge = {"name": "cost:app-1:day", "capacity": 100, "before": 0, "after": 3}
    return scene.organization.id, {**charge, "period": "7", "refused": False}, _now()
