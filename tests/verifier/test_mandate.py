"""Mandates: their hash, their bounds, and policies and bundles that must not mix two claims."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import samples
from samples import NOW, bundle, challenge, policy, universe, unsigned_snapshot

from verifier.circuits import GREEKS, layout, mandate_instances, tag
from verifier.errors import FormatError, InvalidError
from verifier.mandate import UNLIMITED, Mandate, check_universe, mandate_fields, mandate_hash
from verifier.market import Snapshot, snapshot_valid
from verifier.policy import Policy
from verifier.poseidon import poseidon
from verifier.result import VerificationResult
from verifier.statement import Statement
from verifier.verify import verify

(MANDATES,) = mandate_instances().values()


def document(**changes: Any) -> dict[str, Any]:
    made = {
        "schema": "zksolvency/mandate/1",
        "name": "a fund's",
        "universe": str(universe().hash),
        "underlyings": [
            {"group": "1", "underlying": "BTC", "delta": "1000", "gamma": "50", "theta": "7"},
            {"group": "3", "underlying": "USDC", "vega": "0"},
        ],
        "leverage": "3.25",
        "concentration": "0.4",
    }
    return made | changes


def test_the_hash_is_of_every_number_in_order() -> None:
    mandate = Mandate.parse(document())
    free = UNLIMITED
    wanted = [universe().hash, 1, 1000, 50, free, 7, 3, free, free, 0, free]
    for place in range(6):
        wanted += [4 + place, 0, 0, 0, 0]
    wanted += [325, 4000]
    assert mandate_fields(mandate, 8) == wanted
    hashed = tag("mandate")
    for start, end in ((0, 15), (15, 29), (29, 43)):
        hashed = poseidon([hashed, *wanted[start:end]])
    assert mandate_hash(mandate, MANDATES) == hashed


def test_each_number_changes_the_hash_and_the_name_does_not() -> None:
    original = mandate_hash(Mandate.parse(document()), MANDATES)
    assert mandate_hash(Mandate.parse(document(name="other")), MANDATES) == original
    changed = [document(universe="5"), document(leverage="3.26"), document(concentration="0.4001")]
    for place, entry in enumerate(document()["underlyings"]):
        for name in GREEKS:
            entries = document()["underlyings"]
            entries[place] = {**entry, name: "12345"}
            changed.append(document(underlyings=entries))
    entries = document()["underlyings"]
    changed += [
        document(underlyings=entries[:1]),
        document(underlyings=[entries[0], {**entries[1], "group": "2"}]),
    ]
    found = {mandate_hash(Mandate.parse(each), MANDATES) for each in changed}
    assert len(found | {original}) == len(changed) + 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"leverage": "0"}, "leverage"),
        ({"leverage": "1.001"}, "leverage"),
        ({"leverage": "167772.16"}, "leverage"),
        ({"concentration": "1.0001"}, "concentration"),
        ({"concentration": "0"}, "concentration"),
        ({"underlyings": []}, "underlyings"),
        ({"underlyings": [{"group": "2", "underlying": "A"}, {"group": "2", "underlying": "B"}]}, "ascend"),
        ({"underlyings": [{"group": "2", "underlying": "A"}, {"group": "1", "underlying": "B"}]}, "ascend"),
        ({"underlyings": [{"group": "0", "underlying": "A"}]}, "group"),
        ({"underlyings": [{"group": "1", "underlying": "A", "delta": "-1"}]}, "delta"),
        ({"underlyings": [{"group": "1", "underlying": "A", "delta": str(UNLIMITED)}]}, "delta"),
        ({"limit": "5"}, "limit"),
    ],
)  # fmt: skip
def test_a_mandate_that_is_none(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(FormatError, match=field):
        Mandate.parse(document(**changes))


def test_more_underlyings_than_there_is_room_for() -> None:
    names = [{"group": str(place), "underlying": f"U{place}"} for place in range(1, 10)]
    mandate = Mandate.parse(document(underlyings=names))
    with pytest.raises(FormatError, match="room for 8"):
        mandate_hash(mandate, MANDATES)
    assert len(mandate_fields(mandate, 9)) == 1 + 5 * 9 + 2


def test_ids_are_those_of_the_universe() -> None:
    check_universe(Mandate.parse(document()), universe())
    with pytest.raises(FormatError, match="not the market"):
        check_universe(Mandate.parse(document(universe="5")), universe())
    wrong = [{"group": "2", "underlying": "BTC"}]
    with pytest.raises(FormatError, match="not the id of BTC"):
        check_universe(Mandate.parse(document(underlyings=wrong)), universe())


# --- tables -----------------------------------------------------------------------------------------


def table(**changes: Any) -> Snapshot:
    content = unsigned_snapshot().to_json()
    content["layout"] = "g4-k1-d5"
    content["nodes"] = [{"corner": "mark", "stress": name} for name in GREEKS]
    for entry in content["rows"]:
        # All of the sample's instruments are linear.
        notional = abs(int(entry["mark"]))
        entry["mark"] = str(notional)
        entry["nodes"] = [str(round(notional / 100)), "0", "0", "0"]
        entry["addon_long"] = entry["addon_short"] = str(notional)
        entry["brackets"] = [{"rate": "0", "deduction": "0", "upper": str((1 << 64) - 1)}]
    return Snapshot.parse(content | changes)


def test_a_table_of_greeks_has_greeks_and_no_tiers() -> None:
    snapshot_valid(table())
    content = table().to_json()
    with pytest.raises(FormatError, match="not the Greeks"):
        snapshot_valid(Snapshot.parse(content | {"nodes": content["nodes"][::-1]}))
    content["rows"][0]["brackets"][0]["rate"] = "1"
    with pytest.raises(FormatError, match="not empty"):
        snapshot_valid(Snapshot.parse(content))


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("nodes", ["0", "0", "0", "0"]),  # no delta, so no limit of it is ever reached
        ("nodes", ["-1", "0", "0", "0"]),
        ("nodes", [None, "1", "0", "0"]),
        ("nodes", [None, "0", "0", "-1"]),
        ("addon_long", "0"),
        ("addon_short", str((1 << 63) - 1)),  # gross that dilutes another underlying's concentration
        ("mark", "1"),
    ],
)
def test_a_row_of_greeks_can_be_those_of_its_instrument(member: str, value: Any) -> None:
    content = table().to_json()
    entry = content["rows"][0]
    if isinstance(value, list):
        value = [own if new is None else new for own, new in zip(entry["nodes"], value, strict=True)]
    entry[member] = value
    with pytest.raises(FormatError, match=r"Greeks of|one notional"):
        snapshot_valid(Snapshot.parse(content))


def test_a_table_of_greeks_is_of_no_other_model() -> None:
    named = {"name": "options", "version": 1, "parameters": {}}
    with pytest.raises(FormatError, match="another table"):
        snapshot_valid(table(model=named))


# --- policies and bundles ---------------------------------------------------------------------------


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A key of six signals for the mandate circuit."""
    key = samples.verification_key
    monkeypatch.setattr(samples, "_IC", (23, 29, 31, 37, 41, 43, 59))
    made = samples.proof_of
    monkeypatch.setattr(samples, "proof_of", lambda public: made([*public, 0][:6]))
    monkeypatch.setattr(samples, "verification_key", lambda: {**key(), "nPublic": 6})
    return samples.write_keys(tmp_path, circuit=MANDATES.name)


def demands(**changes: Any) -> Policy:
    accepted = [{"circuit": MANDATES.name, "verification_key": samples.key_hash()}]
    hashed = str(mandate_hash(Mandate.parse(document()), MANDATES))
    return policy(**{"circuits": accepted, "mandate": hashed, "ratio": "1", **changes})


def proof(own: Policy, **statement: Any) -> dict[str, Any]:
    """A bundle of the mandate circuit under a policy."""
    market = samples.sign_snapshot(table(), samples.PUBLISHER)
    made = bundle(market=market, sent=challenge(own), terms={"ratio": 0})
    made["statement"] |= {"mandate": str(own.mandate), **statement}
    signals = Statement.model_validate(made["statement"], context={"reading": True}).signals(MANDATES.public)
    return made | {
        "circuit": MANDATES.name,
        "verification_key": samples.key_hash(),
        "public": [str(signal) for signal in signals],
        "proof": samples.proof_of(signals),
    }


Judge = Callable[..., VerificationResult]


@pytest.fixture
def judge(store: Path) -> Judge:
    def run(given: dict[str, Any], own: Policy) -> VerificationResult:
        return verify(json.loads(json.dumps(given)), own, store, challenge=challenge(own), now=NOW)

    return run


def failed(result: VerificationResult) -> list[str]:
    assert not result.valid
    return [check.name for check in result.failed]


def test_a_mandate_is_accepted_where_it_is_demanded(judge: Judge) -> None:
    own = demands()
    result = judge(proof(own), own)
    assert result.valid, result.failed
    assert result.check("mandate").passed
    assert any("margin requirement" in sentence for sentence in result.not_proven)


def test_another_mandate_is_refused(judge: Judge) -> None:
    own = demands()
    assert failed(judge(proof(own, mandate="12345"), own)) == ["mandate"]
    # The statement is changed and the proof is not.
    made = proof(own, mandate="12345")
    made["statement"]["mandate"] = str(own.mandate)
    assert failed(judge(made, own)) == ["public signals are the statement's", "proof"]


def test_solvency_is_no_mandate_and_a_mandate_no_solvency(judge: Judge) -> None:
    own, other = demands(), policy()
    solvent = judge(bundle(), own)
    assert {"circuit accepted by the policy", "mandate", "ratio"} - set(failed(solvent)) == {"ratio"}
    kept = failed(judge(proof(own), other))
    assert {"circuit accepted by the policy", "mandate"} <= set(kept)
    without = proof(own)
    del without["statement"]["mandate"]
    without["public"].pop()
    assert {"public signals are the statement's", "mandate", "proof"} <= set(failed(judge(without, own)))
    stray = bundle()
    stray["statement"]["mandate"] = "5"
    stray["public"].append("5")
    assert {"public signals are the statement's", "mandate", "proof"} <= set(failed(judge(stray, other)))


def test_a_policy_demands_one_claim() -> None:
    solvency = policy().to_json()["circuits"]
    with pytest.raises(FormatError, match="not of one claim"):
        demands(circuits=solvency)
    with pytest.raises(FormatError, match="not of one claim"):
        demands(mandate=None)
    with pytest.raises(FormatError, match="not of one claim"):
        demands(circuits=[*solvency, *demands().to_json()["circuits"]])
    with pytest.raises(FormatError, match="ratio"):
        demands(ratio="1.05")
    assert "mandate" not in policy().to_json()


def test_a_statement_has_a_mandate_exactly_when_its_circuit_claims_one() -> None:
    plain = Statement.model_validate(bundle()["statement"], context={"reading": True})
    with pytest.raises(InvalidError, match="exactly when"):
        plain.signals(MANDATES.public)
    assert "mandate" not in plain.to_json()
    named = plain.model_copy(update={"mandate": 5})
    assert named.signals(MANDATES.public)[-1] == 5
    with pytest.raises(InvalidError, match="exactly when"):
        named.signals(MANDATES.public[:-1])


def test_the_two_kinds_of_layout_differ_by_name_alone() -> None:
    greeks = layout("g4-k1-d5")
    assert greeks.columns[2:8] == (*GREEKS, "notional_long", "notional_short")
    assert replace(greeks, kind="margin").id != greeks.id
