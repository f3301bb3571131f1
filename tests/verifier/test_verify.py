"""Each rule of verification has a bundle that breaks it and nothing else, and is refused for that alone.

The proofs here hold (the test key's trapdoor is known), so what refuses a bundle is the rule and not the
pairing.
"""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from samples import (
    ATTESTOR,
    CIRCUIT,
    NOW,
    OTHER_ATTESTOR,
    OTHER_PUBLISHER,
    PUBLISHER,
    bundle,
    challenge,
    edited,
    key_hash,
    policy,
    proof_of,
    snapshot,
    unsigned_snapshot,
    verification_key,
    write_keys,
)

from prover.secrets import sign_snapshot
from verifier import (
    EnvironmentFault,
    FormatError,
    KeyStore,
    Prices,
    ReplayStore,
    Snapshot,
    UsageError,
    VerificationResult,
    keystore,
    new_challenge,
    report,
    verify,
)
from verifier.bundle import Bundle
from verifier.groth16 import parse_proof
from verifier.groth16 import verify as pairing
from verifier.phase1 import published
from verifier.statement import subject_number

Run = Callable[..., VerificationResult]


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> KeyStore:
    return KeyStore(write_keys(tmp_path_factory.mktemp("keys")))


@pytest.fixture
def run(keys: KeyStore) -> Run:
    """Verify with all of the verifier's own in place, but for the pairing, which has its own tests."""

    def go(given: Any, demands: Any = None, **options: Any) -> VerificationResult:
        options.setdefault("now", NOW)
        options.setdefault("challenge", challenge())
        options.setdefault("check_proof", lambda key, public, proof: True)
        return verify(given, demands or policy(), options.pop("keys", keys), **options)

    return go


def only(result: VerificationResult, *names: str) -> str:
    """The result failed exactly these checks; their details."""
    assert [check.name for check in result.failed] == list(names)
    assert not result.valid
    assert result.verdict == "NOT VALID"
    return " ".join(check.detail for check in result.failed)


def test_a_valid_bundle_with_its_real_pairing(keys: KeyStore) -> None:
    result = verify(bundle(), policy(), keys, challenge=challenge(), now=NOW)
    assert result.valid, result.failed
    assert result.verdict == "VALID (development key)"
    assert (result.attestor, result.self_declared) == ("test attestor", False)
    assert result.expires == NOW - 50 + 1800
    assert result.statement is not None
    assert result.statement.terms.floor == 1000
    assert result.check("not replayed").passed is None


@pytest.mark.parametrize("place", range(5))
def test_a_proof_of_other_signals_does_not_hold(keys: KeyStore, place: int) -> None:
    made = bundle()
    public = [int(signal) for signal in made["public"]]
    public[place] += 1
    made["proof"] = proof_of(public)
    assert "does not hold" in only(verify(made, policy(), keys, challenge=challenge(), now=NOW), "proof")


def test_a_proof_is_parsed_before_the_pairing_sees_it(run: Run) -> None:
    off_curve = edited(bundle(), "proof.pi_a.0", "1")
    assert "pi_a" in only(run(off_curve), "proof")


def test_a_rewritten_proof_is_the_same_statement(keys: KeyStore) -> None:
    """(−A, −B, C) is another proof: accepted, but once."""
    made = bundle()
    q = 21888242871839275222246405745257275088696311157297823662689037894645226208583
    rewritten = edited(made, "proof.pi_a.1", str(q - int(made["proof"]["pi_a"][1])))
    rewritten["proof"]["pi_b"][1] = [str((q - int(c)) % q) for c in made["proof"]["pi_b"][1]]
    with ReplayStore(":memory:") as store:
        assert verify(rewritten, policy(), keys, challenge=challenge(), now=NOW, replay=store).valid
        again = verify(made, policy(), keys, challenge=challenge(), now=NOW, replay=store)
        only(again, "not replayed")


def test_the_pairing_gets_the_stores_key_and_the_statements_signals(run: Run) -> None:
    seen: list[Any] = []

    def check(*given: Any) -> bool:
        seen.append(given)
        return pairing(*given)

    made = bundle()
    assert run(made, check_proof=check).valid
    key, public, proof = seen[0]
    assert key.ic[0].x == int(verification_key()["IC"][0][0])
    assert public == [int(signal) for signal in made["public"]]
    assert proof == parse_proof(made["proof"])


# The circuit and its key.


def test_a_circuit_that_the_policy_does_not_list(run: Run) -> None:
    made = {**bundle(), "circuit": "account_solvency_32_2"}
    detail = only(run(made), "circuit accepted by the policy", "verification key in our store")
    assert "does not accept account_solvency_32_2" in detail
    assert "is for account_solvency_8_2" in detail


def test_a_circuit_that_nobody_knows(run: Run) -> None:
    result = run({**bundle(), "circuit": "trust_me"})
    assert not result.valid
    assert "'trust_me' is not a known circuit" in result.check("circuit accepted by the policy").detail
    assert result.check("proof").passed is False


def test_a_layout_of_another_circuit(run: Run, tmp_path: Path) -> None:
    """A root over 2 nodes offered to the circuit that opens rows of 24."""
    other = "account_solvency_14_24"
    demands = policy(circuits=[{"circuit": other, "verification_key": key_hash()}])
    sent = challenge(demands)
    made = {**bundle(sent=sent), "circuit": other}
    keys = write_keys(tmp_path, circuit=other)
    assert "s24-k2-d5" in only(run(made, demands, challenge=sent, keys=keys), "layout is the circuit's")


def test_a_key_that_the_policy_does_not_list(run: Run) -> None:
    wrong = "sha256:" + "00" * 32
    demands = policy(circuits=[{"circuit": CIRCUIT, "verification_key": wrong}])
    sent = challenge(demands)
    detail = only(run(bundle(sent=sent), demands, challenge=sent), "circuit accepted by the policy")
    assert "with another verification key" in detail


def test_a_key_that_is_not_in_the_store(run: Run, tmp_path: Path) -> None:
    result = run(bundle(), keys=tmp_path)
    names = ["verification key in our store", "key from a ceremony", "proof"]
    assert [check.name for check in result.failed] == names


def test_a_development_key(run: Run) -> None:
    demands = policy(allow_development_keys=False)
    sent = challenge(demands)
    detail = only(run(bundle(sent=sent), demands, challenge=sent), "key from a ceremony")
    assert "development key" in detail


def test_a_production_key_says_nothing_of_development(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keystore, "check_phase1", lambda *_: None)  # the test key is of no real ceremony
    demands = policy(allow_development_keys=False)
    sent = challenge(demands)
    result = run(bundle(sent=sent), demands, challenge=sent, keys=write_keys(tmp_path, production=True))
    assert (result.valid, result.verdict) == (True, "VALID")
    assert not any("development" in sentence for sentence in result.not_proven)


def test_a_development_key_with_the_manifest_of_a_production_key(run: Run, tmp_path: Path) -> None:
    demands = policy(allow_development_keys=False)
    sent = challenge(demands)
    store = write_keys(tmp_path, production=True)
    result = run(bundle(sent=sent), demands, challenge=sent, keys=store)
    assert not result.valid
    assert "no published one" in result.check("key from a ceremony").detail
    manifest = next(tmp_path.rglob("manifest.json"))
    digest, (file, _) = next(iter(published().items()))
    stated = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**stated, "ptau": {"file": file, "blake2b_512": digest}}))
    result = run(bundle(sent=sent), demands, challenge=sent, keys=store)
    assert not result.valid
    assert "alpha and beta" in result.check("key from a ceremony").detail


def test_a_bundle_that_brings_its_own_key(run: Run) -> None:
    only(run({**bundle(), "key": verification_key()}), "bundle well-formed")


# The statement and its signals.


@pytest.mark.parametrize("place", range(5))
def test_a_signal_that_is_not_the_statements(run: Run, place: int) -> None:
    made = bundle()
    made["public"][place] = str(int(made["public"][place]) + 1)
    only(run(made), "public signals are the statement's")


@pytest.mark.parametrize(
    ("path", "value", "also"),
    [
        ("statement.market_root", "5", ["market root"]),
        ("statement.attestor", "5", ["attestor"]),
        ("statement.nullifier", "5", []),
        ("statement.context", "5", ["audience and policy"]),
        ("statement.terms.floor", "1001", []),
        ("statement.terms.ratio", 3, []),
        ("statement.terms.as_of", NOW - 49, []),
        ("statement.terms.coverage", "owner", ["coverage"]),
        ("statement.terms.level", "initial", ["level", "snapshot's level is the claim's"]),
        ("statement.terms.subject", "5", ["subject"]),
    ],
)
def test_an_altered_statement(run: Run, path: str, value: Any, also: list[str]) -> None:
    only(run(edited(bundle(), path, value)), "public signals are the statement's", *also)


@pytest.mark.parametrize(
    ("terms", "check", "detail"),
    [
        ({"version": 2}, "terms version", "version 2 is not known"),
        ({"ratio": 1}, "ratio", "1.05 is proven, 1.1 is demanded"),
        ({"floor": "999"}, "floor", "999 is proven, 1000 is demanded"),
        ({"floor": "0"}, "floor", "0 is proven"),
        ({"coverage": "owner"}, "coverage", "owner is proven, account is demanded"),
        ({"subject": "7"}, "subject", "not about eip155"),
    ],
)
def test_terms_below_the_policy(run: Run, terms: dict[str, Any], check: str, detail: str) -> None:
    assert detail in only(run(bundle(terms=terms)), check)


@pytest.mark.parametrize("terms", [{"ratio": 3}, {"floor": "1001"}])
def test_terms_above_the_policy_are_fine(run: Run, terms: dict[str, Any]) -> None:
    assert run(bundle(terms=terms)).valid


def test_the_other_level(run: Run) -> None:
    """Flipped in the terms alone, in the snapshot alone, and in both."""
    initial = sign_snapshot(unsigned_snapshot().model_copy(update={"level": "initial"}), PUBLISHER)
    only(run(bundle(terms={"level": "initial"})), "level", "snapshot's level is the claim's")
    only(run(bundle(market=initial)), "snapshot's level is the claim's")
    only(run(bundle(market=initial, terms={"level": "initial"})), "level")


def test_a_policy_that_names_nobody(run: Run) -> None:
    demands = policy(subject=None)
    sent = challenge(demands)
    result = run(bundle(sent=sent), demands, challenge=sent)
    assert result.valid
    assert "0x" + "ab" * 20 in result.check("subject").detail


def test_a_subject_by_name(run: Run) -> None:
    demands = policy(subject="Alice Ltd")
    sent = challenge(demands)
    named = bundle(sent=sent, terms={"subject": str(subject_number("Alice Ltd"))})
    assert run(named, demands, challenge=sent).valid
    only(run(bundle(sent=sent), demands, challenge=sent), "subject")


# Who signed.


def test_another_attestor_is_self_declared(run: Run) -> None:
    made = bundle(attestor=str(OTHER_ATTESTOR.attestor))
    assert "self-declared" in only(run(made), "attestor")


def test_self_declared_when_the_policy_says_so(run: Run) -> None:
    demands = policy(allow_self_declared=True)
    sent = challenge(demands)
    result = run(bundle(sent=sent, attestor=str(OTHER_ATTESTOR.attestor)), demands, challenge=sent)
    assert result.valid
    assert result.verdict == "VALID (self-declared, development key)"
    assert (result.attestor, result.self_declared) == (None, True)
    assert result.not_proven[0].startswith("Self-declared")
    attested = run(bundle(sent=sent, attestor=str(ATTESTOR.attestor)), demands, challenge=sent)
    assert "self-declared" not in attested.verdict


def test_an_unsigned_snapshot(run: Run) -> None:
    assert "0 of the policy's publishers" in only(
        run(bundle(market=unsigned_snapshot())), "publishers' signatures"
    )


def test_a_snapshot_signed_by_somebody_else(run: Run) -> None:
    only(run(bundle(market=sign_snapshot(unsigned_snapshot(), OTHER_PUBLISHER))), "publishers' signatures")


def test_a_quorum(run: Run) -> None:
    publishers = [{"name": key.name, "public_key": key.public_key} for key in (PUBLISHER, OTHER_PUBLISHER)]
    demands = policy(publishers=publishers, publisher_quorum=2)
    sent = challenge(demands)
    both = sign_snapshot(snapshot(), OTHER_PUBLISHER)
    assert run(bundle(sent=sent, market=both), demands, challenge=sent).valid
    only(run(bundle(sent=sent), demands, challenge=sent), "publishers' signatures")


# The snapshot.


def test_an_altered_snapshot(run: Run) -> None:
    """A cheaper rate, under the old signature and the old root."""
    changed = edited(bundle(), "market.rows.0.brackets.0.rate", "9999999")
    only(run(changed), "publishers' signatures", "market root")
    fitted = bundle(market=Snapshot.parse(changed["market"]))
    only(run(fitted), "publishers' signatures")


def test_a_snapshot_with_a_row_that_mints_margin_under_a_good_signature(run: Run) -> None:
    """As if a publisher had signed without the tool that refuses it: the verifier checks again."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from verifier.market import PublisherSignature, signature_payload

    changed = Snapshot.parse(edited(unsigned_snapshot().to_json(), "rows.0.brackets.0.deduction", "1"))
    signature = Ed25519PrivateKey.from_private_bytes(PUBLISHER.secret).sign(signature_payload(changed))
    entry = PublisherSignature(public_key=PUBLISHER.public_key, signature=signature.hex())
    signed = changed.model_copy(update={"signatures": (entry,)})
    assert "negative at size 0" in only(run(bundle(market=signed)), "snapshot well-formed")


def test_another_snapshot_of_the_same_publisher(run: Run) -> None:
    other = sign_snapshot(unsigned_snapshot().model_copy(update={"epoch": 8}), PUBLISHER)
    only(run({**bundle(), "market": other.to_json()}), "market root")


def test_another_universe(run: Run) -> None:
    """The same rows, two instruments exchanged, honestly signed: one long becomes another."""
    market = unsigned_snapshot()
    listed = market.universe.instruments
    swapped = market.universe.model_copy(
        update={"underlyings": ("ETH", "BTC", "USDC"), "instruments": (listed[1], listed[0], *listed[2:])}
    )
    signed = sign_snapshot(market.model_copy(update={"universe": swapped}), PUBLISHER)
    only(run(bundle(market=signed)), "universe")


# Time.


def test_an_account_outside_the_snapshots_window(run: Run) -> None:
    early = bundle(terms={"as_of": NOW - 101})
    only(run(early), "account inside the snapshot's window")
    late = bundle(terms={"as_of": NOW + 3601})
    only(run(late, now=NOW + 3600), "account inside the snapshot's window")


def test_things_of_the_future(run: Run) -> None:
    """As of NOW − 50 by a clock that is at most a minute behind."""
    assert run(bundle(), now=NOW - 50 - 60).valid
    only(run(bundle(), now=NOW - 50 - 61), "nothing of the future")


def test_the_maximum_age(run: Run) -> None:
    assert run(bundle(), now=NOW - 50 + 1800).valid
    assert "expired 1 seconds ago" in only(run(bundle(), now=NOW - 50 + 1801), "not expired")


def test_the_snapshots_end(run: Run) -> None:
    demands = policy(max_age=100_000)
    sent = challenge(demands)
    made = bundle(sent=sent)
    assert run(made, demands, challenge=sent, now=NOW + 3600).valid
    only(run(made, demands, challenge=sent, now=NOW + 3601), "not expired")


# For whom.


def test_another_audience(run: Run) -> None:
    other = policy(audience="exchange.example")
    made = bundle(sent=challenge(other))
    assert "exchange.example" in only(run(made), "audience and policy")


def test_another_policy_of_the_same_audience(run: Run) -> None:
    made = bundle(sent=challenge(policy(floor="999")))
    assert "another policy" in only(run(made), "audience and policy")


def test_a_challenge_that_says_what_the_proof_does_not(run: Run) -> None:
    """The names are right, the proof was made for others."""
    made = bundle(sent=challenge(policy(audience="exchange.example")))
    renamed = {**made, "challenge": challenge().part().to_json()}
    assert "context" in only(run(renamed), "audience and policy")


def test_the_answer_to_another_challenge(run: Run) -> None:
    old = challenge(nonce="00" * 32)
    only(run(bundle(sent=old)), "challenge")


def test_a_fresh_challenge_is_demanded(run: Run) -> None:
    assert "no challenge of ours" in only(run(bundle(), challenge=None), "challenge")


def test_a_challenge_of_an_older_policy(run: Run) -> None:
    stale = challenge(policy(floor="1"))
    assert "another policy" in only(run(bundle(), challenge=stale), "challenge")


def test_a_standing_context_needs_no_challenge(run: Run) -> None:
    demands = policy(fresh_challenge=False)
    sent = new_challenge(demands)
    assert sent == new_challenge(demands)
    result = run(bundle(sent=sent), demands, challenge=None)
    assert result.valid
    assert result.check("challenge").detail == "standing"
    only(run(bundle(sent=sent), demands, challenge=challenge(demands)), "challenge")


def test_a_prover_does_not_choose_the_standing_nonce(run: Run, tmp_path: Path) -> None:
    """Each nonce is another context, with another nullifier: one account would count as many."""
    demands = policy(fresh_challenge=False)
    path = tmp_path / "seen.sqlite"
    made = [bundle(sent=challenge(demands, f"{n:064x}"), nullifier=str(n + 5)) for n in range(3)]
    assert run(made[0], demands, challenge=None, replay=path).valid
    for other in made[1:]:
        assert "zeros" in only(run(other, demands, challenge=None, replay=path), "challenge")


# Once.


def test_a_replay(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "seen.sqlite"
    assert run(bundle(), replay=path).valid
    assert "replayed" in only(run(bundle(), replay=path), "not replayed")
    renewed = bundle(terms={"as_of": NOW - 40})
    only(run(renewed, replay=path), "not replayed")
    assert run(bundle(nullifier="5"), replay=path).valid


def test_a_standing_context_is_renewed_by_newer_proofs_only(run: Run, tmp_path: Path) -> None:
    demands = policy(fresh_challenge=False)
    sent = new_challenge(demands)
    path = tmp_path / "seen.sqlite"

    def at(as_of: int) -> VerificationResult:
        return run(bundle(sent=sent, terms={"as_of": as_of}), demands, challenge=None, replay=path)

    assert at(NOW - 50).valid
    only(at(NOW - 50), "not replayed")
    assert at(NOW - 40).valid
    only(at(NOW - 50), "not replayed")


def test_nothing_is_recorded_before_acceptance(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "seen.sqlite"
    only(run(bundle(), replay=path, check_proof=lambda *_: False), "proof")
    only(run(bundle(), replay=path, now=NOW + 10_000), "not expired")
    assert run(bundle(), replay=path).valid


def test_two_verifiers_on_one_store_accept_once(run: Run, tmp_path: Path) -> None:
    """The second accepts while the first is still at the pairing."""
    path = tmp_path / "seen.sqlite"
    inner: list[VerificationResult] = []

    def slow(*_: Any) -> bool:
        inner.append(run(bundle(), replay=path))
        return True

    only(run(bundle(), replay=path, check_proof=slow), "not replayed")
    assert inner[0].valid


# Live prices.


def live(**prices: str) -> dict[str, Any]:
    found = {
        "BTC-mark": "60000",
        "ETH-mark": "3000",
        **{name.replace("_", "-"): p for name, p in prices.items()},
    }
    return {"schema": Prices.SCHEMA, "time": NOW, "prices": found}


@pytest.mark.parametrize("price", ["57000", "60000", "63000"])
def test_prices_inside(run: Run, price: str) -> None:
    result = run(bundle(), prices=live(BTC_mark=price))
    assert result.valid
    assert result.check("live prices inside the envelope").passed is True


@pytest.mark.parametrize(
    ("prices", "detail"),
    [
        (live(BTC_mark="56999.99999999"), "outside the envelope 57000 to 63000"),
        (live(ETH_mark="3150.00000001"), "ETH-mark is at 3150.00000001"),
        (edited(live(), "prices.ETH-mark", ...), "no live price of ETH-mark"),
        ({**live(), "time": NOW - 301}, "301 seconds old"),
        ({**live(), "time": NOW + 61}, "of the future"),
    ],
)
def test_prices_that_will_not_do(run: Run, prices: dict[str, Any], detail: str) -> None:
    assert detail in only(run(bundle(), prices=prices), "live prices inside the envelope")


# What goes in and what comes out.


def test_every_form_of_input(run: Run, tmp_path: Path) -> None:
    made = bundle()
    path = tmp_path / "bundle.json"
    path.write_text(json.dumps(made))
    policy().save(tmp_path / "policy.json")
    challenge().save(tmp_path / "challenge.json")
    for given in (made, Bundle.parse(made), path, str(path)):
        assert run(given, tmp_path / "policy.json", challenge=tmp_path / "challenge.json").valid


@pytest.mark.parametrize("length", [0, 1, 100, 2000, -2])
def test_a_truncated_bundle(run: Run, tmp_path: Path, length: int) -> None:
    path = tmp_path / "bundle.json"
    path.write_text(json.dumps(bundle())[:length])
    result = run(path)
    only(result, "bundle well-formed")
    assert result.statement is None
    assert all(check.passed is None for check in result.checks[1:])


@pytest.mark.parametrize(
    "given",
    [{}, {"schema": 1}, {"schema": "zksolvency/bundle/1"}, {1: 2}, {"a": object()}, {"a": float("nan")}],
)
def test_what_is_no_bundle(run: Run, given: Any) -> None:
    only(run(given), "bundle well-formed")


def test_a_bundle_put_together_by_hand_is_read_again(run: Run) -> None:
    forged = Bundle.parse(bundle()).model_copy(update={"public": ("x",) * 5})
    only(run(forged), "bundle well-formed")


def test_ones_own_files_are_ones_own_fault(run: Run, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        run(tmp_path / "absent.json")
    with pytest.raises(UsageError):
        run(bundle(), tmp_path / "absent.json")
    with pytest.raises(FormatError):
        run(bundle(), {**policy().to_json(), "floor": "0"})
    with pytest.raises(UsageError):
        run(bundle(), keys=tmp_path / "absent")


def test_a_replay_store_that_is_none_is_an_environment_fault(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "seen.sqlite"
    path.write_bytes(b"this is no database, " * 100)
    with pytest.raises(EnvironmentFault, match="replay store"):
        run(bundle(), replay=path)


def test_a_rule_that_breaks_is_a_rule_that_fails(run: Run) -> None:
    def broken(*_: Any) -> bool:
        raise ZeroDivisionError

    assert "ZeroDivisionError" in only(run(bundle(), check_proof=broken), "proof")


def test_the_report(run: Run) -> None:
    good = report(run(bundle()))
    assert "\nVALID (development key)\n" in good
    for words in (
        "1.1 times the maintenance margin plus 1000",
        "Debts off the venue's books",
        "trades after as_of",
    ):
        assert words in good
    bad = report(run(bundle(terms={"floor": "1"})))
    assert "FAIL  floor" in bad
    assert "\nNOT VALID\n" in bad
    assert "What the proof says" not in bad


def test_the_report_keeps_control_characters_off_the_terminal(run: Run) -> None:
    hostile = edited(bundle(), "market.frozen", ["\x9b2J\u202egood"])
    printed = report(run(hostile))
    assert all(character == "\n" or character.isprintable() for character in printed)


def test_the_result_as_json(run: Run) -> None:
    shown = json.loads(json.dumps(run(bundle()).to_json()))
    assert shown["valid"] is True
    assert shown["ratio"] == "1.1"
    assert {check["result"] for check in shown["checks"]} == {"pass", "skipped"}


def test_the_verifier_imports_nothing_of_the_prover_and_little_else(root: Path) -> None:
    allowed = {"py_ecc", "eth_hash", "pydantic", "pydantic_core", "cryptography", "rfc8785"}
    for file in (root / "verifier").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module or ""]
            else:
                continue
            for name in names:
                top = name.partition(".")[0]
                assert top in allowed or top in sys.stdlib_module_names, f"{file.name} imports {name}"
