"""What is written into the exported contract, and keys that are not exported at all."""

from __future__ import annotations

import dataclasses
import json
import random
from pathlib import Path
from typing import Any

import pytest

from prover.evm.encoding import calldata, encode, proof_words, selector
from prover.evm.export import contract_name, export_verifier
from prover.evm.runner import Deployed, compile_source
from tests.evm.cases import Case
from verifier.canonical import keccak256
from verifier.circuits import Instance, instance, packing
from verifier.errors import FormatError, InvalidError, UsageError
from verifier.groth16 import key_hash


def named(public: tuple[str, ...]) -> Instance:
    """An instance with these signals."""
    return dataclasses.replace(instance("8-2"), name="toy", public=public)


def getter(contract: Deployed, name: str) -> bytes:
    call = contract.call(keccak256(f"{name}()".encode())[:4])
    assert call.succeeded
    return call.output


# -- Keys


@pytest.mark.parametrize(
    ("name", "signals"),
    [("must_refuse_gamma_equals_delta", ("a",)), ("must_refuse_no_contribution", ("a", "b"))],
)
def test_keys_that_anybody_can_forge_under_are_not_exported(name: str, signals: Any, vectors: Path) -> None:
    vk = json.loads((vectors / "crypto" / "groth16" / f"{name}.vk.json").read_text())
    with pytest.raises(InvalidError, match="gamma = delta"):
        export_verifier(vk, named(signals))


def test_a_key_of_another_circuit_is_not_exported(case: Case) -> None:
    with pytest.raises(InvalidError, match="5 public signals"):
        export_verifier(case.real.vk, named(("a", "b")))
    with pytest.raises(FormatError, match="IC"):
        export_verifier({**case.real.vk, "IC": case.real.vk["IC"][:-1]}, case.real.instance)


# -- Names and marks


def test_development_contracts_say_so(case: Case) -> None:
    assert case.contract.name == "SolvencyVerifierDev"
    assert "DEVELOPMENT KEY" in case.source
    assert int.from_bytes(getter(case.contract, "PRODUCTION")) == 0


def test_production_contracts_say_so(case: Case) -> None:
    source = export_verifier(case.real.vk, case.real.instance, production=True)
    assert "DEVELOPMENT" not in source
    contract = Deployed.from_source(source)
    assert contract.name == "SolvencyVerifier"
    assert int.from_bytes(getter(contract, "PRODUCTION")) == 1
    assert contract.call(calldata(case.real.proof, case.public)).accepted


def test_the_key_is_named_on_chain(case: Case) -> None:
    assert getter(case.contract, "VERIFICATION_KEY").hex() == key_hash(case.real.vk).removeprefix("sha256:")
    assert case.real.instance.name.encode() in getter(case.contract, "CIRCUIT")


@pytest.mark.parametrize(
    "name", ["", "verifier", "1Verifier", "A B", "A;", "Ä", "A" * 61, "A\n", "A}contract B{", "_A", "$A"]
)
def test_only_plain_names_are_written(name: str) -> None:
    with pytest.raises(UsageError, match="is not a contract's name"):
        contract_name(name, production=True)


def test_names_end_in_dev_exactly_for_development_keys() -> None:
    assert contract_name("Margin", production=False) == "MarginDev"
    assert contract_name("MarginDev", production=False) == "MarginDev"
    assert contract_name("Margin", production=True) == "Margin"
    with pytest.raises(UsageError, match="ends in Dev"):
        contract_name("MarginDev", production=True)


def test_the_same_key_gives_the_same_text(case: Case) -> None:
    shuffled = dict(reversed(case.real.vk.items()))
    assert export_verifier(shuffled, case.real.instance) == case.source


def test_the_licence_and_the_compiler_are_stated(case: Case) -> None:
    first = case.source.splitlines()[0]
    assert first == "// SPDX-License-Identifier: Apache-2.0"
    assert "pragma solidity ^0.8.28;" in case.source


def test_both_ways_of_generating_code_accept_the_proof(
    case: Case, capsys: pytest.CaptureFixture[str]
) -> None:
    contract = Deployed(compile_source(case.source, via_ir=True)[case.contract.name])
    call = contract.call(calldata(case.real.proof, case.public))
    assert call.accepted and call.gas <= 245_000
    with capsys.disabled():
        print(f"\n  {case.name}, compiled via IR: {call.gas:,} gas")


# -- Names of signals


def test_signals_and_their_fields_are_read_by_name(case: Case) -> None:
    """Each accessor, called on random signals, gives what circuits.json's packing says."""
    names = case.real.instance.public
    count = len(names)
    library = f"{case.contract.name}Signals"
    fields = {field: f"terms{''.join(part.capitalize() for part in field.split('_'))}" for field in FIELDS}
    calls = [*(camel(name) for name in names), *fields.values()]
    given = f"(uint256[{count}] calldata s) external pure returns (uint256)"
    body = "\n".join(f"function {name}{given} {{ return {library}.{name}(s); }}" for name in calls)
    harness = (
        "// SPDX-License-Identifier: Apache-2.0\npragma solidity ^0.8.28;\n"
        f'import {{{library}}} from "./Verifier.sol";\ncontract Harness {{\n{body}\n}}\n'
    )
    built = compile_source({"Verifier.sol": case.source, "Harness.sol": harness})
    contract = Deployed(built["Harness"])
    generator = random.Random(7)
    for _ in range(5):
        signals = [generator.randrange(1 << 252) for _ in names]
        arguments = b"".join(signal.to_bytes(32, "big") for signal in signals)

        def ask(name: str, arguments: bytes = arguments) -> int:
            return int.from_bytes(
                contract.call(keccak256(f"{name}(uint256[{count}])".encode())[:4] + arguments).output
            )

        for position, name in enumerate(names):
            assert ask(camel(name)) == signals[position]
        terms = signals[names.index("terms")]
        for field in packing("terms"):
            assert ask(fields[field.name]) == (terms >> field.offset) & ((1 << field.bits) - 1)


FIELDS = [field.name for field in packing("terms")]


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


# -- Call data


def test_call_data_is_the_plain_abi_encoding(case: Case) -> None:
    data = calldata(case.real.proof, case.public)
    assert data[:4] == keccak256(b"verify(uint256[2],uint256[2][2],uint256[2],uint256[5])")[:4] == selector(5)
    words = [int.from_bytes(data[i : i + 32]) for i in range(4, len(data), 32)]
    proof = case.real.proof
    assert words[:2] == [int(proof["pi_a"][0]), int(proof["pi_a"][1])]
    assert words[2:4] == [int(proof["pi_b"][0][1]), int(proof["pi_b"][0][0])]
    assert words[4:6] == [int(proof["pi_b"][1][1]), int(proof["pi_b"][1][0])]
    assert words[6:8] == [int(proof["pi_c"][0]), int(proof["pi_c"][1])]
    assert words[8:] == case.public


def test_only_well_formed_proofs_are_encoded(case: Case) -> None:
    with pytest.raises(FormatError, match="pi_a"):
        proof_words({**case.real.proof, "pi_a": ["1", "3", "1"]})
    for number in (-1, 1 << 256):
        with pytest.raises(FormatError, match="256 bits"):
            encode(case.words, [number, *case.public[1:]])


# -- Compiling


def test_what_does_not_compile_is_a_typed_error(tmp_path: Path, case: Case) -> None:
    with pytest.raises(FormatError, match="contract"):
        compile_source("contract A { broken }")
    with pytest.raises(FormatError, match="exactly one"):
        Deployed.from_source(case.source + "\ncontract Other {}\n")
    with pytest.raises(UsageError, match=r"missing\.sol"):
        Deployed.from_source(tmp_path / "missing.sol")


def test_nothing_is_fetched_while_compiling() -> None:
    with pytest.raises(FormatError, match="not found"):
        compile_source(
            "// SPDX-License-Identifier: Apache-2.0\npragma solidity ^0.8.28;\n"
            'import "https://example.org/A.sol";\ncontract B {}\n'
        )


def test_the_documentations_contract_compiles(root: Path, case: Case) -> None:
    text = (root / "docs" / "on-chain.md").read_text()
    example = text.split("```solidity\n")[1].split("```")[0]
    built = compile_source({"SolvencyVerifier.sol": case.source, "Lender.sol": example})
    assert built["Lender"].creation
