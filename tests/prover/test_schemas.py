"""The published JSON Schemas are those of the models, and describe the files that the models take."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from samples import (
    ATTESTOR,
    HOLDER,
    NOW,
    SUBJECT,
    account,
    bundle,
    challenge,
    edited,
    policy,
    snapshot,
    universe,
    write_keys,
)

from prover.accounts import sign_statement
from prover.schemas import DOCUMENTS, file_name, json_schema, main, write_schemas
from prover.secrets import create_key
from verifier.chain import chain_challenge
from verifier.models import Document

BY_SCHEMA = {kind.SCHEMA: kind for kind in DOCUMENTS}


def test_the_published_schemas_are_up_to_date(root: Path, tmp_path: Path) -> None:
    """When this fails: python -m prover.schemas docs/schemas."""
    published = root / "docs" / "schemas"
    written = {path.name: path.read_text() for path in write_schemas(tmp_path)}
    assert {path.name: path.read_text() for path in published.glob("*.json")} == written


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_each_is_a_schema(kind: type[Document]) -> None:
    made = json_schema(kind)
    Draft202012Validator.check_schema(made)
    assert made["properties"]["schema"] == {"const": kind.SCHEMA}
    assert made["additionalProperties"] is False
    assert '"null"' not in json.dumps(made)


def test_no_two_share_a_file() -> None:
    assert len({file_name(kind) for kind in DOCUMENTS}) == len(DOCUMENTS)


def samples(folder: Path) -> list[dict[str, Any]]:
    statement = sign_statement(
        account(),
        universe(),
        ATTESTOR.secret,
        holder=HOLDER.holder,
        subject=SUBJECT,
        epoch=7,
        valid_until=NOW + 3600,
        sequence=1,
    )
    create_key("holder", "mine", folder / "holder.json")
    key = write_keys(folder / "keys", production=True)
    files = [folder / "holder.json", *key.glob("*/manifest.json")]
    of_contract = policy(audience="eip155:1:0x" + "ab" * 20, fresh_challenge=False, subject=None)
    sent = chain_challenge(of_contract)
    made = [universe(), snapshot(), account(), statement, policy(), challenge(), sent]
    return [
        *(each.to_json() for each in made),
        bundle(),
        bundle(sent=sent),
        *(json.loads(path.read_text()) for path in files),
    ]


def test_files_fit_their_schemas(tmp_path: Path) -> None:
    for content in samples(tmp_path):
        schema = Draft202012Validator(json_schema(BY_SCHEMA[content["schema"]]))
        assert list(schema.iter_errors(content)) == []
        for broken in (
            edited(content, "surplus", 1),
            edited(content, "schema", "x"),
            edited(content, "schema", ...),
        ):
            assert not schema.is_valid(broken)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("rows.0.mark", 5),
        ("rows.0.mark", "05"),
        ("rows.0.brackets.0.rate", "-1"),
        ("universe.schema", "x"),
        ("universe.instruments.0.lot", "1e5"),
        ("universe.instruments.0.expiry", None),
        ("feeds.0.kind", "rumour"),
        ("epoch", -1),
        ("signatures.0.signature", "ab"),
    ],
)
def test_malformed_members_do_not_fit(path: str, value: Any) -> None:
    schema = Draft202012Validator(json_schema(BY_SCHEMA["zksolvency/market/1"]))
    assert not schema.is_valid(edited(snapshot().to_json(), path, value))


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "out")]) == 0
    assert len(list((tmp_path / "out").iterdir())) == len(DOCUMENTS)
    assert main([]) == 2
    assert "usage" in capsys.readouterr().err
