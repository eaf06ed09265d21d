"""An application's id is given or left out: null is neither."""

from __future__ import annotations

import pytest

from controlplane.admin.faults import InvalidDocument
from controlplane.admin.models.directory import NewApplication
from controlplane.admin.models.model import read


@pytest.mark.parametrize("wrong", [None, "", 7, "Upper", "x" * 65])
def test_an_id_that_is_none_is_refused(wrong: object) -> None:
    with pytest.raises(InvalidDocument) as refused:
        read(NewApplication, {"name": "Support", "id": wrong})
    assert refused.value.param == "id"


def test_one_that_is_left_out_is_made_up() -> None:
    made = [read(NewApplication, {"name": "Support"}).id for _ in range(2)]
    assert all(each.startswith("app-") for each in made)
    assert made[0] != made[1]
