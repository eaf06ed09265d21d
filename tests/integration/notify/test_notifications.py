"""`/admin/v1/notifications`: what is written, what is shown again, and test messages."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text
from tests.aws import client
from tests.integration.api.conftest import assert_error
from tests.integration.notify.conftest import NOTIFICATIONS, Scene

from controlplane.config import NotifySettings
from controlplane.domain.notification import TOPIC, Notification
from controlplane.wiring import Container

TEST = f"{NOTIFICATIONS}/test"


async def shown(scene: Scene) -> dict[str, Any]:
    body: dict[str, Any] = (await scene.organization.admin.get(NOTIFICATIONS)).json()
    return body


async def test_the_default_goes_nowhere(scene: Scene) -> None:
    assert await shown(scene) == {
        "thresholds": [80, 100],
        "refusals": True,
        "destinations": [],
        "topic": False,
    }
    assert (await scene.organization.admin.post(TEST)).json() == {"data": []}


async def test_secret_and_address_are_shown_once_and_sealed(scene: Scene) -> None:
    secret = await scene.hook()
    assert secret.startswith("whsec_")
    hook = {"name": "hook", "kind": "webhook", "host": "localhost", "secret": None}
    assert (await shown(scene))["destinations"] == [hook]
    async with scene.container.database.tenant(scene.organization.id) as connection:
        row = await connection.scalar(text("SELECT document::text FROM notification_settings"))
        changes = await connection.execute(
            text("SELECT before::text, after::text FROM admin_changes")
        )
        stored = f"{row} {list(changes)}"
    assert "localhost" in stored
    assert "hook?team" not in stored
    assert secret not in stored


async def test_an_address_that_is_left_out_stays_and_so_does_its_secret(scene: Scene) -> None:
    secret = await scene.hook()
    again = await scene.put(destinations=[{"name": "hook", "kind": "webhook"}], thresholds=[50])
    assert again.json()["destinations"][0]["secret"] is None
    (outcome,) = (await scene.organization.admin.post(TEST)).json()["data"]
    assert outcome == {"destination": "hook", "delivered": True, "reason": None}
    assert scene.receiver.verified(0, secret)["type"] == "test"
    renewed = await scene.put(
        destinations=[{"name": "hook", "kind": "webhook", "new_secret": True}]
    )
    other = renewed.json()["destinations"][0]["secret"]
    assert other != secret
    await scene.organization.admin.post(TEST)
    assert scene.receiver.verified(1, other)["type"] == "test"


async def test_what_is_read_can_be_written_again_and_changes_nothing(scene: Scene) -> None:
    await scene.hook(thresholds=[50])
    read = await scene.organization.admin.get(NOTIFICATIONS)
    written = await scene.put(**read.json())
    assert (written.status_code, written.json()) == (200, read.json())
    assert written.headers["etag"] == read.headers["etag"]


async def test_what_a_test_message_met_is_said(scene: Scene) -> None:
    await scene.hook()
    scene.receiver.statuses.append(500)
    (outcome,) = (await scene.organization.admin.post(TEST)).json()["data"]
    assert (outcome["delivered"], outcome["reason"]) == (False, "it answered 500")


@pytest.mark.parametrize(
    ("destination", "param"),
    [
        ({"name": "a", "kind": "webhook"}, "destinations.0.url"),
        ({"name": "a", "kind": "webhook", "url": "http://example.com"}, "destinations.0.url"),
        ({"name": "a", "kind": "slack", "url": "https://u:p@example.com"}, "destinations.0.url"),
        ({"name": "a", "kind": "slack", "url": "https://[::1"}, "destinations.0.url"),
        ({"name": "a", "kind": "slack", "url": "https://169.254.169.254/"}, "destinations.0.url"),
        ({"name": "a", "kind": "mail", "url": "https://example.com"}, "destinations.0.kind"),
        ({"name": "", "kind": "slack", "url": "https://example.com"}, "destinations.0.name"),
    ],
)
async def test_what_can_be_no_destination_is_refused(
    scene: Scene, destination: dict[str, Any], param: str
) -> None:
    assert_error(await scene.put(destinations=[destination]), 400, param)
    assert (await shown(scene))["destinations"] == []


async def test_a_private_address_is_refused_where_the_operator_does_not_allow_it(
    scene: Scene,
) -> None:
    scene.container.settings = replace(scene.container.settings, notify=NotifySettings())
    for host in ("127.0.0.1", "10.0.0.1", "[::1]", "[::ffff:10.0.0.1]"):
        wanted = {"name": "a", "kind": "webhook", "url": f"https://{host}/"}
        assert_error(await scene.put(destinations=[wanted]), 400, "destinations.0.url")


async def test_two_administrators_do_not_overwrite_each_other(scene: Scene) -> None:
    admin = scene.organization.admin
    tag = (await admin.get(NOTIFICATIONS)).headers["etag"]
    first = await admin.put(NOTIFICATIONS, json={"thresholds": [50]}, headers={"If-Match": tag})
    assert first.status_code == 200
    late = await admin.put(NOTIFICATIONS, json={"thresholds": [60]}, headers={"If-Match": tag})
    assert late.status_code == 412
    repeated = await admin.put(NOTIFICATIONS, json={"thresholds": [50]}, headers={"If-Match": tag})
    assert repeated.status_code == 200
    changes = (await admin.get("/admin/v1/changes", params={"resource": "notifications"})).json()
    assert len(changes["data"]) == 1


async def test_the_operators_topic_gets_every_warning(scene: Scene) -> None:
    settings = scene.settings
    sns, sqs = client("sns", settings), client("sqs", settings)
    arn = sns.create_topic(Name="budget-warnings")["TopicArn"]
    url = sqs.create_queue(QueueName=f"mail-{scene.organization.id}")["QueueUrl"]
    queue = f"arn:aws:sqs:{settings.region}:123456789012:mail-{scene.organization.id}"
    sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue)
    container = Container(replace(settings, notify=NotifySettings(topic_arn=arn)))
    message = {"type": "test", "text": "80 % is used"}
    sent = Notification("msg_1", scene.organization.id, TOPIC, message)
    assert await container.deliver({"m": sent}) == []
    (got,) = sqs.receive_message(QueueUrl=url)["Messages"]
    assert "80 % is used" in got["Body"]
    assert "msg_1" in got["Body"]
    gone = Container(replace(settings, notify=NotifySettings(topic_arn=f"{arn}-gone")))
    assert await gone.deliver({"m": sent}) == []
    # It waits for ten seconds before it can be seen.
    assert await gone.audit_queue.depth() == 1
    for each in (container, gone):
        await each.database.close()
