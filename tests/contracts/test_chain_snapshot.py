"""What publishers sign for an oracle on a chain: bands, order, joined files. And a contract's challenge."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from samples import edited, policy, unsigned_snapshot

from prover.cli import main
from prover.evm.deployment import Deployment
from prover.evm.encoding import address
from prover.evm.snapshot import ChainSnapshot, RootSignature, chain_snapshot, feed_id
from prover.secrets import Key
from verifier.chain import ChainChallenge, chain_challenge
from verifier.errors import FormatError, InvalidError, UsageError
from verifier.market import Feed, Snapshot, market_root

CHAIN, ORACLE = "eip155:31337", "0x" + "ab" * 20
KEYS = [Key("publisher-evm", str(n), n.to_bytes(32, "big")) for n in (11, 12, 13)]


def with_feed(low: str, high: str, kind: str = "mark", price: str = "1") -> Snapshot:
    """The samples' snapshot with its first feed changed."""
    plain = unsigned_snapshot()
    feed = Feed(id="X", kind=kind, underlying="BTC", price=price, low=low, high=high)  # type: ignore[arg-type]
    return plain.model_copy(update={"feeds": (feed, *plain.feeds[1:])})


def test_everything_is_recomputed() -> None:
    snapshot = unsigned_snapshot()
    made = chain_snapshot(snapshot, CHAIN, ORACLE).snapshot
    assert (made.market_root, made.snapshot) == (market_root(snapshot), snapshot.hash)
    assert (made.universe, made.layout, made.level) == (snapshot.universe.hash, snapshot.shape.id, 1)
    assert [(band.feed, band.low, band.high) for band in made.bands] == [
        ("BTC-mark", 57_000 * 10**18, 63_000 * 10**18),
        ("ETH-mark", 2_850 * 10**18, 3_150 * 10**18),
    ]


def test_a_band_of_too_many_places_is_narrowed() -> None:
    tiny = "0.9" + "0" * 18 + "1"
    (band, *_) = chain_snapshot(with_feed(tiny, "1.1" + "0" * 18 + "1"), CHAIN, ORACLE).snapshot.bands
    assert (band.low, band.high) == (9 * 10**17 + 1, 11 * 10**17)


@pytest.mark.parametrize(
    ("low", "high", "kind", "price"),
    [
        ("-1", "1", "funding", "0"),
        ("0", "1", "funding", "0"),
        ("1", "4" + "0" * 20, "mark", "1"),
        ("0." + "0" * 18 + "1", "0." + "0" * 18 + "2", "mark", "0." + "0" * 18 + "1"),
    ],
)
def test_bands_that_a_contract_cannot_hold(low: str, high: str, kind: str, price: str) -> None:
    with pytest.raises(FormatError, match=r"feeds\[0\]"):
        chain_snapshot(with_feed(low, high, kind, price), CHAIN, ORACLE)


def test_more_feeds_than_a_contract_checks() -> None:
    plain = unsigned_snapshot()
    still = plain.feeds[0].model_copy(update={"low": "60000", "high": "60000"})
    many = (*plain.feeds, *(still.model_copy(update={"id": f"f{n}"}) for n in range(7)))
    assert (
        len(chain_snapshot(plain.model_copy(update={"feeds": many[:8]}), CHAIN, ORACLE).snapshot.bands) == 8
    )
    with pytest.raises(FormatError, match="a contract checks 1 to 8"):
        chain_snapshot(plain.model_copy(update={"feeds": many}), CHAIN, ORACLE)


def test_the_oracles_order() -> None:
    order = [feed_id("ETH-mark"), feed_id("BTC-mark")]
    made = chain_snapshot(unsigned_snapshot(), CHAIN, ORACLE, order)
    assert [band.feed for band in made.snapshot.bands] == ["ETH-mark", "BTC-mark"]
    with pytest.raises(FormatError):
        chain_snapshot(unsigned_snapshot(), CHAIN, ORACLE, order[:1])


def test_joined_signatures() -> None:
    plain = chain_snapshot(unsigned_snapshot(), CHAIN, ORACLE)
    copies = [plain.signed(key) for key in KEYS]
    joined = copies[0].joined(copies[1]).joined(copies[2]).joined(copies[1])
    assert sorted(joined.signers()) == sorted(key.address for key in KEYS)
    addresses = [int(each["signer"], 16) for each in joined.ordered()]
    assert addresses == sorted(addresses)
    again = ChainSnapshot.parse(joined.to_json())
    assert again == joined
    for changed in (
        chain_snapshot(unsigned_snapshot(), "eip155:1", ORACLE),
        chain_snapshot(unsigned_snapshot(), CHAIN, "0x" + "cd" * 20),
        chain_snapshot(unsigned_snapshot().model_copy(update={"epoch": 8}), CHAIN, ORACLE),
    ):
        assert copies[0].signatures[0] not in changed.signed(KEYS[0]).signatures
        with pytest.raises(InvalidError):
            copies[0].joined(changed)


@pytest.mark.parametrize("path", ["chain", "oracle", "snapshot.valid_until", "snapshot.bands.0.low"])
def test_a_signature_is_over_all_of_it(path: str) -> None:
    made = chain_snapshot(unsigned_snapshot(), CHAIN, ORACLE).signed(KEYS[0])
    other = {
        "chain": "eip155:1",
        "oracle": "0x" + "cd" * 20,
        "snapshot.valid_until": unsigned_snapshot().valid_until + 1,
        "snapshot.bands.0.low": "1",
    }[path]
    assert made.signers() == [KEYS[0].address]
    assert ChainSnapshot.parse(edited(made.to_json(), path, other)).signers() == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("chain", "31337"),
        ("oracle", "0x" + "AB" * 20),
        ("snapshot.level", 3),
        ("snapshot.level", "1"),
        ("snapshot.bands", []),
        ("snapshot.bands.0.low", "0"),
        ("snapshot.bands.0.low", str(1 << 128)),
        ("snapshot.bands.0.high", "1"),
        ("signatures.0.signature", "ab0"),
        ("signatures.0.signature", ""),
        ("signatures.0.signer", "0x12"),
        ("snapshot.market_root", "-1"),
        ("surplus", 1),
    ],
)
def test_malformed_files_are_refused_by_name(path: str, value: Any) -> None:
    made = chain_snapshot(unsigned_snapshot(), CHAIN, ORACLE).signed(KEYS[0]).to_json()
    with pytest.raises(FormatError) as caught:
        ChainSnapshot.parse(edited(made, path, value))
    assert caught.value.field.replace("[", ".").replace("]", "").startswith(path.removesuffix(".high"))


_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def test_the_other_form_of_a_signature_takes_no_place() -> None:
    """It recovers to the same address, and contracts refuse it; whoever saw a signature can make it."""
    made = chain_snapshot(unsigned_snapshot(), CHAIN, ORACLE)
    good = made.signed(KEYS[0])
    signed = bytes.fromhex(good.signatures[0].signature)
    high = signed[:32] + (_ORDER - int.from_bytes(signed[32:64], "big")).to_bytes(32, "big")
    for other in (high + bytes([55 - signed[64]]), signed[:64] + bytes([signed[64] - 27])):
        worse = ChainSnapshot.parse(edited(good.to_json(), "signatures.0.signature", other.hex()))
        assert worse.signers() == []
        assert made.joined(worse).joined(good).signatures == good.signatures
        assert good.joined(worse).signatures == good.signatures


def test_a_join_leaves_room_for_a_signature_of_ones_own() -> None:
    made = chain_snapshot(unsigned_snapshot(), CHAIN, ORACLE)
    junk = tuple(RootSignature(signer=f"0x{n:040x}", signature="00" * 65) for n in range(1, 33))
    with pytest.raises(InvalidError, match="too many"):
        made.joined(made.model_copy(update={"signatures": junk}))
    assert (
        len(made.joined(made.model_copy(update={"signatures": junk[:31]})).signed(KEYS[0]).signatures) == 32
    )


def test_an_epoch_beyond_its_time_is_not_signed() -> None:
    plain = unsigned_snapshot()
    chain_snapshot(plain.model_copy(update={"epoch": plain.time}), CHAIN, ORACLE)
    with pytest.raises(FormatError, match="epoch"):
        chain_snapshot(plain.model_copy(update={"epoch": plain.time + 1}), CHAIN, ORACLE)


def test_a_signer_counts_once() -> None:
    made = chain_snapshot(unsigned_snapshot(), CHAIN, ORACLE).signed(KEYS[0]).to_json()
    with pytest.raises(FormatError, match="twice"):
        ChainSnapshot.parse({**made, "signatures": made["signatures"] * 2})


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("contracts", []),
        ("contracts.0.name", "MarketOracle"),
        ("contracts.0.transaction", "ab" * 32),
        ("delay", -1),
        ("keys", []),
        ("owner", "me"),
    ],
)
def test_malformed_deployments_are_refused_by_name(path: str, value: Any) -> None:
    contracts = [
        {"name": name, "address": ORACLE, "transaction": "0x" + "ab" * 32, "block": 1, "code": "ab" * 32}
        for name in ("VerifyingKeyRegistry", "MarketOracle", "SolvencyRegistry")
    ]
    key = {"name": "k", "circuit": "c", "verification_key": "sha256:" + "ab" * 32, "verifier": ORACLE}
    good = {
        "schema": Deployment.SCHEMA,
        "chain": CHAIN,
        "compiler": "0.8.37",
        "production": False,
        "owner": ORACLE,
        "guardian": ORACLE,
        "delay": 0,
        "contracts": contracts,
        "keys": [key],
    }
    assert Deployment.parse(good).address("MarketOracle") == ORACLE
    with pytest.raises(FormatError) as caught:
        Deployment.parse(edited(good, path, value))
    assert caught.value.field.split("[")[0] == path.split(".")[0]


# The challenge of a contract, from the command line.


def challenged(folder: Path, *words: str) -> tuple[int, Path]:
    out = folder / "challenge.json"
    return main(["policy", "challenge", *words, "--out", str(out)]), out


def test_a_challenge_by_its_parts(tmp_path: Path) -> None:
    registry = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
    code, out = challenged(
        tmp_path, "--chain", CHAIN, "--contract", registry, "--policy-id", "0x" + "ab" * 32
    )
    assert code == 0
    assert ChainChallenge.load(out) == ChainChallenge(
        chain=CHAIN, contract=registry.lower(), policy="ab" * 32
    )


def test_a_challenge_of_a_contracts_policy(tmp_path: Path) -> None:
    own = policy(audience=f"{CHAIN}:{ORACLE}", fresh_challenge=False, subject=None)
    own.save(tmp_path / "policy.json")
    code, out = challenged(tmp_path, str(tmp_path / "policy.json"))
    assert code == 0
    assert ChainChallenge.load(out) == chain_challenge(own)


@pytest.mark.parametrize(
    "words",
    [
        ["--chain", CHAIN],
        ["--contract", ORACLE, "--policy-id", "ab" * 32],
        ["--chain", "1", "--contract", ORACLE, "--policy-id", "ab" * 32],
        ["--chain", CHAIN, "--contract", "0x12", "--policy-id", "ab" * 32],
        ["--chain", CHAIN, "--contract", ORACLE, "--policy-id", "ab"],
    ],
)
def test_parts_that_do_not_make_a_challenge(tmp_path: Path, words: list[str]) -> None:
    code, out = challenged(tmp_path, *words)
    assert code in (1, 2)
    assert not out.exists()


def test_addresses() -> None:
    """The first two of EIP-55's own examples."""
    for good in ("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"):
        for text in (good, good.lower(), "0x" + good[2:].upper()):
            assert address(text, "--x") == good.lower()
        with pytest.raises(UsageError, match="checksum"):
            address(good.replace("B", "b", 1), "--x")
    for bad in ("", "0x", "0x" + "1" * 39, "0X" + "1" * 40, "1" * 40, "0x" + "g" * 40):
        with pytest.raises(UsageError):
            address(bad, "--x")


def test_the_file_is_plain_json(tmp_path: Path) -> None:
    made = chain_snapshot(unsigned_snapshot(), CHAIN, ORACLE).signed(KEYS[0])
    made.save(tmp_path / "root.json")
    assert ChainSnapshot.parse(json.loads((tmp_path / "root.json").read_text())) == made
