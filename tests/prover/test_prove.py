"""The main path with a real circuit and key: what it makes, what it refuses, and what it leaves behind."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from samples import (
    ATTESTOR,
    HOLDER,
    NOW,
    OTHER_ATTESTOR,
    SUBJECT,
    account,
    challenge,
    policy,
    snapshot,
    universe,
)

from prover import prove as path
from prover.accounts import Account, AccountStatement, Position, sign_statement
from prover.backends import choose_backend
from prover.prove import Proved, prove
from prover.toolchain.native import kernel
from prover.toolchain.process import node
from prover.toolchain.setup import Key, development_key
from verifier.circuits import instance
from verifier.errors import (
    EnvironmentFault,
    FormatError,
    InsolventError,
    InvalidError,
    UsageError,
    ZkSolvencyError,
)
from verifier.market import Snapshot
from verifier.policy import Policy
from verifier.verify import verify

BACKENDS = ["native", "snarkjs"]


@pytest.fixture(scope="module")
def key() -> Key:
    """The development key of the smallest circuit, made when it is not there."""
    return development_key(instance("8-2"))


@pytest.fixture(autouse=True)
def at_the_samples_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: float(NOW))


@pytest.fixture
def demands(key: Key) -> Policy:
    return demanding(key)


def demanding(key: Key, **changes: Any) -> Policy:
    circuit = {"circuit": "account_solvency_8_2", "verification_key": key.manifest.verification_key}
    return policy(circuits=[circuit], **changes)


def stated(of: Account | None = None, **changes: Any) -> AccountStatement:
    signing = {
        "holder": HOLDER.holder,
        "subject": SUBJECT,
        "epoch": 7,
        "valid_until": NOW + 7200,
        "sequence": 3,
        **changes,
    }
    attestor = signing.pop("attestor", ATTESTOR)
    return sign_statement(of or account(), universe(), attestor.secret, **signing)


def proven(
    demands: Policy,
    *,
    statement: AccountStatement | None = None,
    market: Snapshot | None = None,
    **options: Any,
) -> Proved:
    return prove(
        statement or stated(), market or snapshot(), demands, challenge(demands), HOLDER.number, **options
    )


# --- what it makes ------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_bundle_that_the_verifier_accepts(demands: Policy, key: Key, backend: str) -> None:
    if backend == "native" and kernel() is None:
        pytest.skip("skipped: the native kernel is not installed")
    stages: list[str] = []
    made = proven(demands, backend=backend, stage_ended=lambda name, seconds: stages.append(name))
    assert (made.backend, made.instance.size) == (backend, "8-2")
    assert stages == ["statement and snapshot", "margin", "witness", f"proof ({backend})", "self-check"]
    assert list(made.seconds) == stages
    store = key.directory.parent
    document = json.loads(json.dumps(made.bundle.to_json()))
    assert verify(document, demands, store, challenge=challenge(demands), now=NOW).valid
    terms = made.bundle.statement.terms
    assert (terms.level, terms.coverage, terms.as_of, terms.ratio, terms.floor) == (
        "maintenance",
        "account",
        NOW - 50,
        2,
        1000,
    )
    text = json.dumps(document)
    for private in (account().cash, "0.75", "2.5", str(HOLDER.number), str(HOLDER.holder)):
        assert f'"{private}"' not in text


def test_one_holder_and_context_one_nullifier_and_another_context_another(demands: Policy) -> None:
    def nullifier(nonce: str) -> int:
        statement = stated()
        sent = challenge(demands, nonce)
        return int(prove(statement, snapshot(), demands, sent, HOLDER.number).bundle.statement.nullifier)

    assert nullifier("5c" * 32) == nullifier("5c" * 32) != nullifier("5d" * 32)


def test_one_unit_decides(demands: Policy) -> None:
    """The least cash with which the claim holds proves; one unit of 1e-14 less is insolvent."""
    from prover.engine import margin
    from verifier.numbers import int_to_text

    rich = margin(stated(), snapshot(), demands_of(demands))
    least = rich.cash - rich.slack // 20
    for cash, good in ((least, True), (least - 1, False)):
        poor = stated(account().model_copy(update={"cash": int_to_text(cash, 14)}))
        if good:
            assert proven(demands, statement=poor).bundle.public
        else:
            with pytest.raises(InsolventError):
                proven(demands, statement=poor)


def demands_of(demands: Policy) -> Any:
    from prover.witness import claimed_terms

    return claimed_terms(stated(), snapshot(), ratio=demands.ratio_k, floor=demands.floor)


# --- what it leaves behind ----------------------------------------------------------------------------


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[dict[str, Any]]:
    """Arguments and environments of programs, and a temporary directory to look into."""
    seen: dict[str, Any] = {"arguments": [], "environments": []}
    started = subprocess.Popen

    def popen(command: list[str], *rest: Any, **options: Any) -> Any:
        seen["arguments"].extend(map(str, command))
        seen["environments"].append(str(options.get("env")))
        return started(command, *rest, **options)

    monkeypatch.setattr(subprocess, "Popen", popen)
    seen["temporary"] = tmp_path / "temporary"
    seen["temporary"].mkdir()
    monkeypatch.setenv("TMPDIR", str(seen["temporary"]))
    monkeypatch.setattr("tempfile.tempdir", None)
    yield seen


@pytest.mark.parametrize("fails", [False, True])
def test_no_secret_reaches_a_disk_or_an_argument(
    demands: Policy, key: Key, watched: dict[str, Any], fails: bool, tmp_path: Path
) -> None:
    from prover.toolchain.workspace import workspace

    def files() -> set[Path]:
        # This circuit's alone: other tests compile others at the same time.
        compiled = workspace().compiled / key.manifest.circuit
        return {each for each in compiled.rglob("*") if each.is_file()} | set(key.directory.iterdir())

    before = files()
    keys = tmp_path / "keys"
    if fails:
        # snarkjs fails after it was given the witness.
        shutil.copytree(key.directory, keys / key.directory.name)
        (keys / key.directory.name / "proving_key.zkey").write_bytes(b"zkey" + bytes(100))
        with pytest.raises(ZkSolvencyError):
            proven(demands, backend="snarkjs", keys=keys)
    else:
        proven(demands, backend="snarkjs")
    assert watched["arguments"], "a program was run"
    private = [str(HOLDER.number), f"{HOLDER.number:x}", account().cash, str(stated().holder)]
    for text in (*watched["arguments"], *watched["environments"]):
        assert not any(value in text for value in private)
    assert list(watched["temporary"].iterdir()) == []
    # A compiled module may be kept; nothing else appears.
    assert all(".wasmtime-" in each.name for each in files() - before)


# --- what it refuses ----------------------------------------------------------------------------------


def test_an_insolvent_account_hears_how_much_is_missing(demands: Policy) -> None:
    poor = stated(account().model_copy(update={"cash": "-99999999"}))
    with pytest.raises(InsolventError, match=r"does not pass: [0-9.]+ USDC more is needed") as caught:
        proven(demands, statement=poor)
    assert caught.value.exit_code == 1


def _altered(statement: AccountStatement) -> AccountStatement:
    return statement.model_copy(update={"cash": "99999999"})


Case = tuple[Callable[[Key], dict[str, Any]], type[ZkSolvencyError], str]


def _statement(message: str, **changes: Any) -> Case:
    return lambda key: {"statement": stated(**changes)}, InvalidError, message


def _market(message: str, **changes: Any) -> Case:
    return lambda key: {"market": snapshot().model_copy(update=changes)}, InvalidError, message


def _policy(message: str, **changes: Any) -> Case:
    return lambda key: {"demands": demanding(key, **changes)}, InvalidError, message


CASES: dict[str, Case] = {
    "altered statement": (
        lambda key: {"statement": _altered(stated())},
        InvalidError,
        "signature does not hold",
    ),
    "attestor outside the policy": _statement("attestor is not in the policy", attestor=OTHER_ATTESTOR),
    "another epoch": _statement("for epoch 8, the snapshot of epoch 7", epoch=8),
    "as_of after the snapshot": _statement("outside the snapshot's time", as_of=NOW + 3601),
    "statement ends first": _statement("ends before the snapshot", valid_until=NOW + 10),
    "coverage": _statement("covers owner", coverage="owner"),
    "unsigned snapshot": _market("lacks signatures", signatures=()),
    "altered snapshot": _market("lacks signatures", valid_until=NOW + 3599),
    "another level": _policy("demands initial", level="initial"),
    "another universe": _policy("another universe", universe="1"),
    "unknown size": (lambda key: {"size": "9-9"}, UsageError, "--size 9-9"),
    "unknown backend": (lambda key: {"backend": "abacus"}, UsageError, "no backend abacus"),
}


@pytest.mark.parametrize(("make", "kind", "message"), CASES.values(), ids=CASES.keys())
def test_what_does_not_belong_together(
    key: Key, make: Callable[[Key], dict[str, Any]], kind: type[ZkSolvencyError], message: str
) -> None:
    options = make(key)
    demands = options.pop("demands", None) or demanding(key)
    with pytest.raises(kind, match=message):
        proven(demands, **options)


def test_a_stale_snapshot(demands: Policy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: float(NOW + 3601))
    with pytest.raises(InvalidError, match="stale"):
        proven(demands)


def test_another_holders_key(demands: Policy) -> None:
    with pytest.raises(InvalidError, match="not that of the holder"):
        prove(stated(), snapshot(), demands, challenge(demands), HOLDER.number + 1)


def test_an_unknown_instrument(demands: Policy) -> None:
    held = (Position(instrument="testvenue:NONE", size="1"),)
    unsigned = stated().model_copy(update={"positions": held})
    with pytest.raises(FormatError, match="NONE is not in the universe"):
        proven(demands, statement=unsigned)


def test_a_missing_key(demands: Policy, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"sha256:[0-9a-f]{16}.*zksolvency setup --size 8-2"):
        proven(demands, keys=tmp_path)


def test_a_verification_key_alone_cannot_prove(demands: Policy, key: Key, tmp_path: Path) -> None:
    folder = tmp_path / key.directory.name
    folder.mkdir()
    for name in ("manifest.json", "verification_key.json"):
        shutil.copyfile(key.directory / name, folder / name)
    with pytest.raises(UsageError, match=r"proving_key\.zkey.*zksolvency setup --size 8-2"):
        proven(demands, keys=tmp_path)


def test_the_key_of_another_version_of_the_circuit(demands: Policy, key: Key, tmp_path: Path) -> None:
    folder = tmp_path / key.directory.name
    folder.mkdir()
    for each in key.directory.iterdir():
        (folder / each.name).symlink_to(each)
    manifest = json.loads((key.directory / "manifest.json").read_text())
    (folder / "manifest.json").unlink()
    (folder / "manifest.json").write_text(json.dumps({**manifest, "r1cs_sha256": "00" * 32}))
    with pytest.raises(InvalidError, match="another version of the circuit 8-2"):
        proven(demands, keys=tmp_path)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_damaged_proving_key(demands: Policy, key: Key, tmp_path: Path, backend: str) -> None:
    if backend == "native" and kernel() is None:
        pytest.skip("skipped: the native kernel is not installed")
    folder = tmp_path / key.directory.name
    shutil.copytree(key.directory, folder)
    whole = (folder / "proving_key.zkey").read_bytes()
    (folder / "proving_key.zkey").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ZkSolvencyError) as caught:
        proven(demands, keys=tmp_path, backend=backend)
    assert "zksolvency setup" in str(caught.value)
    assert str(HOLDER.number) not in str(caught.value)


def test_missing_node(demands: Policy, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    node.cache_clear()
    try:
        with pytest.raises(EnvironmentFault, match="Node is not installed"):
            proven(demands, backend="snarkjs")
    finally:
        node.cache_clear()


def test_without_the_native_kernel_snarkjs_proves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZKSOLVENCY_NATIVE", "0")
    assert choose_backend().name == "snarkjs"
    with pytest.raises(EnvironmentFault, match="native kernel is not installed"):
        choose_backend("native")


def test_a_proof_that_does_not_verify_is_never_returned(
    demands: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backend that answers with another account's proof is caught before anything is written."""
    honest = choose_backend()
    other = proven(demands, statement=stated(as_of=NOW - 49)).bundle

    class Wrong:
        name = "wrong"

        def prove(self, proving_key: Path, witness: bytes) -> tuple[dict[str, Any], list[str]]:
            _, public = honest.prove(proving_key, witness)
            return other.proof.to_json(), public

    monkeypatch.setattr(path, "choose_backend", lambda name: Wrong())
    with pytest.raises(InvalidError, match="our own verifier refuses the proof"):
        proven(demands)


def test_the_rule_that_a_wrong_witness_breaks_is_named(
    demands: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = path.circuit_inputs

    def cheating(*arguments: Any) -> Any:
        return {**honest(*arguments), "losses": [0] * 8}

    monkeypatch.setattr(path, "circuit_inputs", cheating)
    with pytest.raises(InvalidError, match=r"AccountSolvency step 5 \(Loss: .*\) failed") as caught:
        proven(demands)
    assert account().cash not in str(caught.value)
