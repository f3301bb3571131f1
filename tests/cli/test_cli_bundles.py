"""Bundles that are not what they should be, at `verify`: truncated, altered, replayed, for somebody else."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from running import Run, content, edit, read

from verifier.field import R

# What is altered, to what, and a check that must fail.
ALTERED: list[tuple[str, Any, str]] = [
    ("statement.terms.floor", "999999", "public signals are the statement's"),
    ("statement.terms.subject", "1", "public signals are the statement's"),
    ("statement.terms.as_of", 1, "public signals are the statement's"),
    ("statement.terms.ratio", 9, "public signals are the statement's"),
    ("statement.attestor", "1", "attestor"),
    ("statement.nullifier", "1", "public signals are the statement's"),
    ("statement.context", "1", "audience and policy"),
    ("statement.market_root", "1", "market root"),
    ("public.2", "1", "public signals are the statement's"),
    ("circuit", "account_solvency_32_2", "circuit accepted by the policy"),
    ("verification_key", "sha256:" + "00" * 32, "verification key in our store"),
    ("market.rows.0.mark", "1", "publishers' signatures"),
    ("market.signatures", [], "publishers' signatures"),
    ("market.feeds.0.low", "1", "market root"),
    ("market.level", "initial", "snapshot's level is the claim's"),
    ("market.layout", "s24-k2-d5", "layout is the circuit's"),
    ("market.universe.period", "2031", "universe"),
    ("market.valid_until", (1 << 34) - 1, "market root"),
    ("challenge.audience", "me.example", "audience and policy"),
    ("challenge.policy", "1", "audience and policy"),
    ("challenge.nonce", "00" * 32, "challenge"),
]


@pytest.mark.parametrize(("member", "value", "check"), ALTERED, ids=[member for member, *_ in ALTERED])
def test_an_altered_bundle(member: str, value: Any, check: str, folder: Path, run: Run) -> None:
    edit("bundle.json", member, value)
    ran = run("verify", "--json")
    assert ran.code == 1
    assert ran.json["verdict"] == "NOT VALID"
    assert check in ran.failed()


def swapped(bundle: dict[str, Any]) -> None:
    bundle["proof"]["pi_a"], bundle["proof"]["pi_c"] = bundle["proof"]["pi_c"], bundle["proof"]["pi_a"]


def negated(bundle: dict[str, Any]) -> None:
    """−A is a point of the curve, and no proof."""
    q = 21888242871839275222246405745257275088696311157297823662689037894645226208583
    bundle["proof"]["pi_a"][1] = str(q - int(bundle["proof"]["pi_a"][1]))


def digit(bundle: dict[str, Any]) -> None:
    text = bundle["proof"]["pi_c"][0]
    bundle["proof"]["pi_c"][0] = text[:-1] + str((int(text[-1]) + 1) % 10)


@pytest.mark.parametrize("change", [swapped, negated, digit])
def test_an_altered_proof(change: Any, folder: Path, run: Run) -> None:
    import json

    bundle = read("bundle.json")
    change(bundle)
    Path("bundle.json").write_text(json.dumps(bundle))
    ran = run("verify", "--json")
    assert ran.code == 1
    assert ran.failed() == ["proof"]


MALFORMED: list[tuple[str, Any]] = [
    ("schema", "zksolvency/bundle/2"),
    ("proof", ...),
    ("proof", {}),
    ("proof.pi_a.0", "-1"),
    ("proof.pi_a.0", 1),
    ("proof.pi_b", []),
    ("proof.curve", "bls12381"),
    ("public", []),
    ("public.0", str(R)),
    ("public.0", "01"),
    ("statement.terms.version", "1"),
    ("statement.nullifier", str(R)),
    ("market", None),
    ("market.rows", []),
    ("challenge.nonce", "5c"),
    ("verification_key", "vk"),
    ("extra", "1"),
]


@pytest.mark.parametrize(("member", "value"), MALFORMED, ids=[f"{m}-{str(v)[:9]}" for m, v in MALFORMED])
def test_a_malformed_bundle(member: str, value: Any, folder: Path, run: Run) -> None:
    edit("bundle.json", member, value)
    ran = run("verify", "--json")
    assert ran.code == 1
    assert ran.json["verdict"] == "NOT VALID"
    assert ran.failed()
    assert run("inspect").code in (0, 1)


def test_a_truncated_bundle(folder: Path, run: Run) -> None:
    whole = Path("bundle.json").read_bytes()
    for length in (0, 1, 2, 100, len(whole) // 2, len(whole) - 3):
        Path("bundle.json").write_bytes(whole[:length])
        ran = run("verify", "--json")
        assert ran.code == 1
        assert ran.failed() == ["bundle well-formed"]
        assert run("inspect").code == 1


def test_bytes_altered_at_random(folder: Path, run: Run) -> None:
    """Whatever one byte becomes, the outcome is a verdict; and VALID only where the JSON says the same."""
    whole = Path("bundle.json").read_bytes()
    rng = random.Random("altered bytes")
    said = read("bundle.json")
    for _ in range(12):
        place, value = rng.randrange(len(whole)), rng.randrange(256)
        Path("bundle.json").write_bytes(whole[:place] + bytes([value]) + whole[place + 1 :])
        ran = run("verify", "--json")
        assert ran.code in (0, 1)
        if ran.code == 0:
            assert read("bundle.json") == said


# -- For somebody else, or again


def test_a_replayed_bundle(folder: Path, run: Run) -> None:
    first = run("verify", "--replay", "seen.sqlite", "--json")
    assert (first.code, first.failed()) == (0, [])
    second = run("verify", "--replay", "seen.sqlite", "--json")
    assert second.code == 1
    assert second.failed() == ["not replayed"]


def test_a_bundle_that_is_not_valid_is_not_remembered(folder: Path, run: Run) -> None:
    late = read("market.json")["valid_until"] + 1
    assert run("verify", "--replay", "seen.sqlite", "--now", late).code == 1
    assert run("verify", "--replay", "seen.sqlite").code == 0


def test_a_replay_store_that_is_none(folder: Path, run: Run) -> None:
    Path("seen.sqlite").write_text("no database " * 100)
    ran = run("verify", "--replay", "seen.sqlite")
    assert ran.code == 3
    assert "seen.sqlite: the replay store cannot be used" in ran.err


def test_a_bundle_for_another_audience(folder: Path, run: Run) -> None:
    assert run("policy", "new", "--audience", "other.example", "--out", "other/policy.json").code == 0
    assert run("policy", "challenge", "other/policy.json", "--out", "other/challenge.json").code == 0
    ran = run("verify", "--policy", "other/policy.json", "--json")
    assert ran.code == 1
    assert ran.failed() == ["audience and policy", "challenge"]
    said = run("verify", "--policy", "other/policy.json").out
    assert "made for the audience 'verifier.example', not 'other.example'" in said


def test_another_challenge(folder: Path, run: Run) -> None:
    assert run("policy", "challenge").code == 0
    ran = run("verify", "--json")
    assert (ran.code, ran.failed()) == (1, ["challenge"])
    (folder / "challenge.json").unlink()
    ran = run("verify", "--json")
    assert (ran.code, ran.failed()) == (1, ["challenge"])


@pytest.mark.parametrize(
    ("option", "check"),
    [
        (("--floor", "2"), "floor"),
        (("--ratio", "1.05"), "ratio"),
        (("--level", "initial"), "level"),
        (("--coverage", "owner"), "coverage"),
        (("--subject", "somebody"), "subject"),
        (("--max-age", "1"), "not expired"),
        (("--attestor", "secrets/other.json"), "attestor"),
    ],
)
def test_a_policy_that_demands_more(option: tuple[str, str], check: str, folder: Path, run: Run) -> None:
    """The policy is part of the context too, so a proof never counts under another policy."""
    assert run("keys", "new", "attestor", "--out", "secrets/other.json").code == 0
    assert run("policy", "new", *option).code == 0
    ran = run("verify", "--json")
    assert ran.code == 1
    assert {check, "audience and policy"} <= set(ran.failed())


def test_times(folder: Path, run: Run) -> None:
    market = read("market.json")
    assert run("verify", "--now", market["valid_until"]).code == 0
    assert run("verify", "--now", market["valid_until"] + 1, "--json").failed() == ["not expired"]
    assert "nothing of the future" in run("verify", "--now", market["time"] - 3600, "--json").failed()


def test_live_prices(folder: Path, run: Run) -> None:
    import json

    market = read("market.json")
    prices = {feed["id"]: feed["price"] for feed in market["feeds"]}
    now = market["time"] + 60

    def write(**changes: str) -> None:
        made = {"schema": "zksolvency/prices/1", "time": now, "prices": {**prices, **changes}}
        Path("prices.json").write_text(json.dumps(made))

    def check() -> list[str]:
        return run("verify", "--prices", "prices.json", "--now", now, "--json").failed()

    write()
    assert check() == []
    write(**{"ETH-mark": "3613.704"})
    assert check() == ["live prices inside the envelope"]


def test_the_prover_file_of_keys_is_never_asked(folder: Path, run: Run) -> None:
    """A key store without the policy's key: the verifier takes none from elsewhere."""
    (folder / "none").mkdir()
    ran = run("verify", "--keys", "none", "--json")
    assert ran.code == 1
    assert "verification key in our store" in ran.failed()


def test_a_development_key_must_be_allowed(folder: Path, run: Run) -> None:
    edit("policy.json", "allow_development_keys", False)
    assert "key from a ceremony" in run("verify", "--json").failed()


# -- As a stranger runs it


def test_from_elsewhere_without_the_prover(folder: Path, root: Path, tmp_path: Path) -> None:
    """`python -m verifier build/demo/bundle.json --policy build/demo/policy.json` from the folder above."""
    (tmp_path / "build").mkdir()
    folder.rename(tmp_path / "build" / "demo")
    os.chdir(tmp_path)
    script = "import sys; sys.modules['prover'] = None; from verifier.__main__ import main; sys.exit(main())"
    before = content(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", script, "build/demo/bundle.json", "--policy", "build/demo/policy.json"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(root), "PATH": "/nonexistent"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "\nVALID (development key)\n" in done.stdout
    assert "What it does not say:" in done.stdout
    assert content(tmp_path) == before
