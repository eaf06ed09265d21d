"""Keys are recognised without a look-up and stored as a keyed hash."""

from controlplane.domain.keys import KeyHasher


def test_a_generated_key_is_well_formed_and_unique() -> None:
    keys = {KeyHasher.generate() for _ in range(200)}
    assert len(keys) == 200
    assert all(KeyHasher.is_well_formed(key) and key.startswith("sk-cp-") for key in keys)


def test_one_wrong_character_is_noticed() -> None:
    key = KeyHasher.generate()
    for place in range(len("sk-cp-"), len(key)):
        other = "a" if key[place] != "a" else "b"
        assert not KeyHasher.is_well_formed(key[:place] + other + key[place + 1 :])


def test_other_shapes_are_refused() -> None:
    key = KeyHasher.generate()
    for presented in ("", "sk-cp-", "sk-" + key, key + "\n", key.upper(), key + "0", "sk-cp-" * 9):
        assert not KeyHasher.is_well_formed(presented)


def test_the_hash_depends_on_the_pepper() -> None:
    key = KeyHasher.generate()
    assert KeyHasher("one").hash(key) == KeyHasher("one").hash(key)
    assert KeyHasher("one").hash(key) != KeyHasher("two").hash(key)
    assert key not in KeyHasher("one").hash(key)
