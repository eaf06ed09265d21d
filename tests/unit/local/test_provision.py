"""What the local stack knows about the rest."""

from controlplane.events import EVENTS, seed
from controlplane.local import provision, worker


def test_the_administrator_belongs_to_the_seeded_organisation() -> None:
    assert provision.ORG_ID == seed.ORG_ID


def test_the_events_of_the_start_exist() -> None:
    assert {"user-migration", "user-seeder"} <= EVENTS.keys()


def test_the_handler_is_the_deployed_one() -> None:
    from controlplane.lambda_handler import handler

    assert worker.load_handler(worker.HANDLER) is handler
