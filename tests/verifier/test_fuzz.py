"""Hostile bundles: whatever is changed, the verifier answers, in bounded time, and never accepts."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from samples import NOW, bundle, challenge, policy, write_keys

from verifier import FormatError, KeyStore, VerificationResult, verify
from verifier.canonical import parse_json
from verifier.groth16 import Proof
from verifier.market import Snapshot

MADE = bundle()

VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**300),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(
        ["", "0", "-0", "00", "0x1", "1e77", "-1", "1" * 400, "\ud800", "\x00", "NaN", [], {}, [[[]]]]
    ),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=5), st.integers(), max_size=3),
)


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every member and entry below `value`."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = [path] if path else []
    for key, below in inner:
        found += leaves(below, (*path, key))
    return found


PATHS = leaves(MADE)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> KeyStore:
    return KeyStore(write_keys(tmp_path_factory.mktemp("keys")))


def judge(given: Any, keys: KeyStore) -> VerificationResult:
    """Verify where the pairing would say yes to the untouched signals and proof only, at once."""
    genuine = (MADE["public"], MADE["proof"])

    def pairing(_: Any, public: list[int], proof: Proof) -> bool:
        from verifier.groth16 import parse_proof

        return [str(signal) for signal in public] == genuine[0] and proof == parse_proof(genuine[1])

    return verify(given, policy(), keys, challenge=challenge(), now=NOW, check_proof=pairing)


def changed(edits: list[tuple[tuple[Any, ...], str, Any]]) -> Any:
    copied = json.loads(json.dumps(MADE))
    for path, kind, value in edits:
        at = copied
        try:
            for part in path[:-1]:
                at = at[part]
            if kind == "remove":
                del at[path[-1]]
            elif kind == "add" and isinstance(at, dict):
                at[str(value)[:9]] = value
            elif kind == "repeat" and isinstance(at, list):
                at.append(at[path[-1]])
            else:
                at[path[-1]] = value
        except (KeyError, IndexError, TypeError):
            continue
    return copied


def same(one: Any, other: Any) -> bool:
    """Equal as JSON: 1 and true differ."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def only_signatures_differ(one: Any) -> bool:
    """A surplus signature, well-formed, changes nothing: the listed publisher's is still there."""

    def without(made: Any) -> Any:
        if not (isinstance(made, dict) and isinstance(made.get("market"), dict)):
            return made
        market = {key: value for key, value in made["market"].items() if key != "signatures"}
        return {**made, "market": market}

    return same(without(one), without(MADE))


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.sampled_from(PATHS), st.sampled_from(["set", "remove", "add", "repeat"]), VALUES),
        min_size=1,
        max_size=3,
    )
)
def test_a_changed_bundle_is_answered_and_not_accepted(keys: KeyStore, edits: list[Any]) -> None:
    hostile = changed(edits)
    result = judge(hostile, keys)
    if same(hostile, MADE) or only_signatures_differ(hostile):
        return
    assert not result.valid
    assert result.failed
    assert all(len(check.detail) < 2000 for check in result.checks)


def test_the_untouched_bundle_is_accepted(keys: KeyStore) -> None:
    assert judge(MADE, keys).valid


def test_each_member_removed_alone(keys: KeyStore) -> None:
    for path in PATHS:
        without = changed([(path, "remove", None)])
        assert not judge(without, keys).valid, path


def test_each_number_up_by_one(keys: KeyStore) -> None:
    tried = 0
    for path in PATHS:
        at: Any = MADE
        for part in path:
            at = at[part]
        if isinstance(at, bool) or path[0] == "proof":
            continue
        if isinstance(at, int):
            value: Any = at + 1
        elif isinstance(at, str) and at.lstrip("-").isdigit():
            value = str(int(at) + 1)
        else:
            continue
        tried += 1
        assert not judge(changed([(path, "set", value)]), keys).valid, path
    assert tried > 60


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=400))
def test_bytes_are_answered(keys: KeyStore, tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.json"
    path.write_bytes(data)
    assert not judge(path, keys).valid


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_flipped_bytes_are_answered(
    keys: KeyStore, tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    random_ = random.Random(seed)
    data = bytearray(json.dumps(MADE).encode())
    for _ in range(random_.randint(1, 4)):
        data[random_.randrange(len(data))] = random_.randrange(256)
    path = tmp_path_factory.getbasetemp() / "flipped.json"
    path.write_bytes(bytes(data))
    result = judge(path, keys)
    try:
        unchanged = only_signatures_differ(parse_json(bytes(data)))
    except FormatError:
        unchanged = False
    assert unchanged or not result.valid


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"a":' * 10_000,
        '{"schema":"zksolvency/bundle/1","a":' + "[" * 31 + "]" * 31 + "}",
        '{"time":' + "9" * 100_000 + "}",
        '{"a":1e77}',
        '{"a":1.0}',
        '{"a":-0}',
        '{"a":NaN}',
        '{"a":1,"a":2}',
        "﻿{}",
        '{"\\ud800":1}',
    ],
)
def test_hostile_text(keys: KeyStore, tmp_path: Path, text: str) -> None:
    path = tmp_path / "bundle.json"
    path.write_text(text, encoding="utf-8")
    result = judge(path, keys)
    assert [check.name for check in result.failed] == ["bundle well-formed"]
    assert len(result.failed[0].detail) < 1000


def test_a_file_beyond_the_limit_is_not_read_whole(keys: KeyStore, tmp_path: Path) -> None:
    path = tmp_path / "bundle.json"
    with path.open("wb") as stream:
        stream.truncate(10**12)
    assert "larger than" in judge(path, keys).failed[0].detail


def test_a_long_list_is_refused_before_its_entries_are_read(keys: KeyStore) -> None:
    row = MADE["market"]["rows"][0]
    hostile = changed([(("market", "rows"), "set", [row] * 100_000)])
    assert "rows" in judge(hostile, keys).failed[0].detail


def test_a_snapshot_survives_no_surplus(keys: KeyStore) -> None:
    assert Snapshot.parse(MADE["market"]).to_json() == MADE["market"]
