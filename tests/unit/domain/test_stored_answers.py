"""Ids of stored answers: sealed for one caller, and of no use to anyone else."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controlplane.domain.access import Caller, Role
from controlplane.domain.keys import KeyHasher
from controlplane.domain.stored_answers import StoredId, StoredIds

OWNER = Caller("org-1", Role.SERVICE, application_id="app-1", key_id="k1")
STORED = StoredId("m", "openai", "gpt-6-luna", "resp_0123456789abcdef")
IDS = StoredIds("a pepper of the tests")
TEXTS = st.text(min_size=1, max_size=60).filter(lambda text: text.isprintable())


@given(st.builds(StoredId, TEXTS, TEXTS, TEXTS, TEXTS))
def test_what_is_sealed_is_opened_by_its_owner(stored: StoredId) -> None:
    told = IDS.seal(OWNER, stored)
    assert told.startswith("resp_")
    assert told.isascii()
    assert IDS.open(OWNER, told) == stored
    assert IDS.open(replace(OWNER, key_id="k2", role=Role.ADMIN), told) == stored
    assert IDS.seal(OWNER, stored) == told


@pytest.mark.parametrize(
    "other",
    [
        replace(OWNER, org_id="org-2"),
        replace(OWNER, application_id="app-2"),
        replace(OWNER, application_id=None),
        # The two names of an owner do not run together.
        replace(OWNER, org_id='org-1","app-1', application_id=None),
    ],
)
def test_it_is_nothing_to_another(other: Caller) -> None:
    assert IDS.open(other, IDS.seal(OWNER, STORED)) is None


@given(st.data())
def test_a_changed_bit_makes_it_nothing(data: st.DataObject) -> None:
    text = IDS.seal(OWNER, STORED).removeprefix("resp_")
    sealed = bytearray(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    place = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[place // 8] ^= 1 << place % 8
    assert IDS.open(OWNER, "resp_" + base64.urlsafe_b64encode(sealed).decode()) is None


@given(
    st.one_of(
        st.text(max_size=80),
        st.binary(max_size=80).map(lambda b: base64.urlsafe_b64encode(b).decode()),
    )
)
def test_what_was_never_sealed_is_nothing(text: str) -> None:
    assert IDS.open(OWNER, text) is None
    assert IDS.open(OWNER, f"resp_{text}") is None


def test_another_secret_opens_nothing() -> None:
    told = IDS.seal(OWNER, STORED)
    assert StoredIds("another pepper of the tests").open(OWNER, told) is None


def test_the_hash_of_a_key_seals_nothing() -> None:
    """A caller chooses what is hashed as a key: it must not become a seal."""
    said = base64.urlsafe_b64decode(IDS.seal(OWNER, STORED).removeprefix("resp_") + "==")[16:]
    message = b'["org-1","app-1"]\n' + said
    mac = bytes.fromhex(KeyHasher("a pepper of the tests").hash(message.decode()))[:16]
    forged = "resp_" + base64.urlsafe_b64encode(mac + said).decode()
    assert IDS.open(OWNER, forged) is None
