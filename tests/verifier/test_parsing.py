"""Every public format: what a file may not contain, and that the error names the member."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError
from samples import NOW, bundle, challenge, edited, policy, snapshot, universe

from verifier.bundle import Bundle
from verifier.canonical import parse_json
from verifier.errors import FormatError, UsageError
from verifier.field import R
from verifier.market import Snapshot
from verifier.models import Document
from verifier.policy import Challenge, Policy
from verifier.prices import Prices
from verifier.universe import Universe

PRICES = {"schema": "zksolvency/prices/1", "time": NOW, "prices": {"BTC-mark": "60000"}}

DOCUMENTS: dict[type[Document], dict[str, Any]] = {
    Universe: universe().to_json(),
    Snapshot: snapshot().to_json(),
    Policy: policy().to_json(),
    Challenge: challenge().to_json(),
    Bundle: bundle(),
    Prices: PRICES,
}
KINDS = list(DOCUMENTS)


@pytest.mark.parametrize("kind", KINDS)
def test_there_and_back(kind: type[Document]) -> None:
    parsed = kind.parse(DOCUMENTS[kind])
    assert parsed.to_json() == DOCUMENTS[kind]
    assert kind.parse(json.dumps(parsed.to_json())) == parsed


@pytest.mark.parametrize("kind", KINDS)
def test_each_member_is_needed_and_no_other_is_known(kind: type[Document]) -> None:
    for name in DOCUMENTS[kind]:
        if (kind, name) in ((Snapshot, "signatures"), (Policy, "subject")):
            continue
        with pytest.raises(FormatError) as caught:
            kind.parse(edited(DOCUMENTS[kind], name, ...))
        assert caught.value.field == name
    with pytest.raises(FormatError, match="surplus: is not a known member"):
        kind.parse(edited(DOCUMENTS[kind], "surplus", 1))


@pytest.mark.parametrize("kind", KINDS)
def test_another_schema_or_version_is_refused(kind: type[Document]) -> None:
    for name in ("", "zksolvency/other/1", kind.SCHEMA.replace("/1", "/2"), 1, None):
        with pytest.raises(FormatError) as caught:
            kind.parse(edited(DOCUMENTS[kind], "schema", name))
        assert caught.value.field == "schema"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "value", [None, 1, "x", [], [1], b"{}x", "[]", '"x"', "{", "[1e77]", "NaN", '{"a":1,"a":1}']
)
def test_what_is_no_object(kind: type[Document], value: Any) -> None:
    with pytest.raises(FormatError):
        kind.parse(value)


REFUSED = [
    (Universe, "name", "", "name"),
    (Universe, "name", "x" * 201, "name"),
    (Universe, "name", "a\nb", "name"),
    (Universe, "name", "\ud800", "name"),
    (Universe, "underlyings", ["BTC", "ETH", "USDC", "BTC"], "underlyings"),
    (Universe, "underlyings", [], "underlyings"),
    (Universe, "instruments", [], "instruments"),
    (Universe, "instruments.0.id", "testvenue:ETH", "instruments[1].id"),
    (Universe, "instruments.0.id", "no colon", "instruments[0].id"),
    (Universe, "instruments.0.underlying", "DOGE", "instruments[0].underlying"),
    (Universe, "instruments.0.kind", "swap", "instruments[0].kind"),
    (Universe, "instruments.0.lot", "0", "instruments[0].lot"),
    (Universe, "instruments.0.lot", "-1", "instruments[0].lot"),
    (Universe, "instruments.0.lot", "1e-2", "instruments[0].lot"),
    (Universe, "instruments.0.lot", 1, "instruments[0].lot"),
    (Universe, "instruments.0.expiry", None, "instruments[0].expiry"),
    (Universe, "instruments.0.strike", "5", "instruments[0].strike"),
    (Universe, "instruments.2.expiry", ..., "instruments[2].expiry"),
    (Universe, "instruments.2.strike", ..., "instruments[2].strike"),
    (Universe, "instruments.2.option_type", ..., "instruments[2].option_type"),
    (Universe, "instruments.2.expiry", 1 << 34, "instruments[2].expiry"),
    (Universe, "instruments.4.retired", 1, "instruments[4].retired"),
    (Snapshot, "epoch", -1, "epoch"),
    (Snapshot, "epoch", 1 << 32, "epoch"),
    (Snapshot, "epoch", True, "epoch"),
    (Snapshot, "epoch", "7", "epoch"),
    (Snapshot, "time", 1.5, "time"),
    (Snapshot, "time", 1 << 34, "time"),
    (Snapshot, "level", "both", "level"),
    (Snapshot, "universe.name", 5, "universe.name"),
    (Snapshot, "universe.schema", "x", "universe.schema"),
    (Snapshot, "universe.schema", ..., "universe.schema"),
    (Snapshot, "feeds.0.low", "60001", "feeds[0].low"),
    (Snapshot, "feeds.0.high", "59999", "feeds[0].high"),
    (Snapshot, "feeds.0.low", "0", "feeds[0].low"),
    (Snapshot, "feeds.0.kind", "rumour", "feeds[0].kind"),
    (Snapshot, "nodes.0.corner", "middle", "nodes[0].corner"),
    (Snapshot, "rows", [], "rows"),
    (Snapshot, "rows.0.mark", 5, "rows[0].mark"),
    (Snapshot, "rows.0.mark", "05", "rows[0].mark"),
    (Snapshot, "rows.0.mark", "-0", "rows[0].mark"),
    (Snapshot, "rows.0.mark", str(1 << 63), "rows[0].mark"),
    (Snapshot, "rows.0.group", "0", "rows[0].group"),
    (Snapshot, "rows.0.group", "65537", "rows[0].group"),
    (Snapshot, "rows.0.addon_long", "-1", "rows[0].addon_long"),
    (Snapshot, "rows.0.brackets.0.rate", "-1", "rows[0].brackets[0].rate"),
    (Snapshot, "rows.0.brackets.0.upper", "0", "rows[0].brackets[0].upper"),
    (Snapshot, "rows.0.brackets.0.upper", str(1 << 64), "rows[0].brackets[0].upper"),
    (Snapshot, "rows.0.brackets.0.deduction", str(1 << 127), "rows[0].brackets[0].deduction"),
    (Snapshot, "rows.0.nodes.1", "1.0", "rows[0].nodes[1]"),
    (Snapshot, "rows.0.index", 1024, "rows[0].index"),
    (Snapshot, "signatures.0.public_key", "AB" * 32, "signatures[0].public_key"),
    (Snapshot, "signatures.0.signature", "ab" * 63, "signatures[0].signature"),
    (Policy, "floor", "0", "floor"),
    (Policy, "floor", "-1", "floor"),
    (Policy, "floor", 1000, "floor"),
    (Policy, "floor", str(1 << 38), "floor"),
    (Policy, "ratio", "0.95", "ratio"),
    (Policy, "ratio", "13.8", "ratio"),
    (Policy, "ratio", "1.01", "ratio"),
    (Policy, "publisher_quorum", 0, "publisher_quorum"),
    (Policy, "publisher_quorum", 2, "publisher_quorum"),
    (Policy, "publishers", [], "publishers"),
    (Policy, "attestors", [], "attestors"),
    (Policy, "circuits", [], "circuits"),
    (Policy, "circuits.0.circuit", "account_solvency_9_9", "circuits[0].circuit"),
    (Policy, "circuits.0.verification_key", "md5:00", "circuits[0].verification_key"),
    (Policy, "universe", str(R), "universe"),
    (Policy, "max_age", 0, "max_age"),
    (Policy, "fresh_challenge", 1, "fresh_challenge"),
    (Policy, "subject", None, "subject"),
    (Challenge, "nonce", "5c" * 31, "nonce"),
    (Challenge, "nonce", "5C" * 32, "nonce"),
    (Challenge, "policy", "0x10", "policy"),
    (Bundle, "public.0", str(R), "public[0]"),
    (Bundle, "public.0", "-1", "public[0]"),
    (Bundle, "public.0", 5, "public[0]"),
    (Bundle, "public", [], "public"),
    (Bundle, "public", ["1"] * 6, "public"),
    (Bundle, "statement.terms.ratio", 256, "statement.terms.ratio"),
    (Bundle, "statement.terms.subject", str(1 << 160), "statement.terms.subject"),
    (Bundle, "statement.terms.floor", str(1 << 38), "statement.terms.floor"),
    (Bundle, "statement.terms.level", 1, "statement.terms.level"),
    (Bundle, "statement.nullifier", str(R), "statement.nullifier"),
    (Bundle, "proof.pi_a", ["1", "2"], "proof.pi_a"),
    (Bundle, "proof.pi_a.0", "9" * 79, "proof.pi_a[0]"),
    (Bundle, "proof.curve", "bls12381", "proof.curve"),
    (Bundle, "proof.extra", 1, "proof.extra"),
    (Bundle, "market.rows.0.mark", "1e3", "market.rows[0].mark"),
    (Prices, "prices.BTC-mark", 60000, "prices.BTC-mark"),
    (Prices, "prices.BTC-mark", "6e4", "prices.BTC-mark"),
]


@pytest.mark.parametrize(("kind", "path", "value", "field"), REFUSED)
def test_what_is_refused_is_named(kind: type[Document], path: str, value: Any, field: str) -> None:
    with pytest.raises(FormatError) as caught:
        kind.parse(edited(DOCUMENTS[kind], path, value), "some.json")
    assert caught.value.field == field
    assert str(caught.value).startswith(f"some.json: {field}: ")
    assert len(str(caught.value)) < 600


def test_lists_are_bounded() -> None:
    entry = snapshot().to_json()["signatures"][0]
    with pytest.raises(FormatError, match="signatures: has too many entries"):
        Snapshot.parse(edited(snapshot().to_json(), "signatures", [entry] * 33))
    row = snapshot().to_json()["rows"][0]
    with pytest.raises(FormatError, match="rows: has too many entries"):
        Snapshot.parse(edited(snapshot().to_json(), "rows", [row] * 1025))


def test_an_unreadable_file_is_a_usage_error(tmp_path: Any) -> None:
    with pytest.raises(UsageError, match=r"absent\.json"):
        Policy.load(tmp_path / "absent.json")


def test_duplicate_members_are_refused() -> None:
    text = json.dumps(policy().to_json()).replace('"floor": "1000"', '"floor": "1000", "floor": "1"')
    with pytest.raises(FormatError, match="floor: appears twice"):
        Policy.parse(text)


def test_a_file_of_too_many_values_is_refused_before_it_is_parsed() -> None:
    """Two bytes of text become a hundred of memory."""
    with pytest.raises(FormatError, match="has more than 1048576 values"):
        parse_json('{"a":[' + "[]," * (1 << 20) + "[]]}")
    assert parse_json("[" + "1," * 1000 + "1]") == [1] * 1001


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("market.rows", [{} for _ in range(1000)]),
        ("market.universe", {f"k{n}": 1 for n in range(1000)}),
        ("public", ["x"] * 1000),
    ],
)
def test_a_file_of_many_mistakes_makes_few_errors(path: str, value: Any) -> None:
    """Only the first is told; an error of each would take more memory than the file."""
    with pytest.raises(ValidationError) as caught:
        Bundle.model_validate(edited(bundle(), path, value), context={"reading": True})
    assert caught.value.error_count() < 20
