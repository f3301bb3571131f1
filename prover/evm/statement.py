"""Write the Solidity library that names public signals, the fields of the terms, circuits and layouts.

Everything comes from circuits.json, so a signal's place and a field's bits are written down once. Run
``python -m prover.evm.statement`` after that file changes; a test compares the committed library with what
this module writes.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from verifier.chain import circuit_id
from verifier.circuits import Field, Instance, instances, layouts, packing, table
from verifier.errors import FormatError
from verifier.files import write_atomic

from .export import camel

__all__ = ["CONTRACTS", "LIBRARY", "statement_library", "write_statement_library"]

CONTRACTS = Path(__file__).resolve().parents[2] / "verifier" / "contracts"
"""The Foundry project, in a checkout."""

LIBRARY = CONTRACTS / "src" / "SolvencyStatement.sol"
"""Where the library is committed."""

_TYPES = {"subject": "address"}
"""The one field that the EVM has a type for; every other is a number."""

_WIDTH = 120
"""Of a line of Solidity, as `forge fmt` has it."""

_HEAD = """\
// SPDX-License-Identifier: Apache-2.0
// Written by `python -m prover.evm.statement` from circuits.json. Do not edit: run that again.
pragma solidity ^0.8.28;
"""


def statement_library() -> str:
    """The source of ``SolvencyStatement.sol``.

    Raises
    ------
    FormatError
        When the circuits do not all have the same public signals.
    """
    family = list(instances().values())
    signals = family[0].public
    if any(each.public != signals for each in family):
        raise FormatError("public", "differs between circuits, and the library has one order of signals")
    return "\n".join((_HEAD, *_structs(signals), *_library(signals, family))) + "\n"


def write_statement_library(path: Path = LIBRARY) -> None:
    """Write the library to its place."""
    write_atomic(path, statement_library())


def _structs(signals: Iterable[str]) -> list[str]:
    names = list(signals)
    return [
        "/// @dev How many public signals a proof has.",
        f"uint256 constant SIGNAL_COUNT = {len(names)};",
        "",
        "/// @notice The public signals of a solvency proof, in the order in which the verifier takes them.",
        *(
            f"/// @param {camel(name)} The signal `{name}`, number {place}."
            for place, name in enumerate(names)
        ),
        "struct Statement {",
        *(f"    uint256 {camel(name)};" for name in names),
        "}",
        "",
        "/// @notice The signal `terms`, taken apart: what is claimed, of whom, and when.",
        *(
            f"/// @param {camel(field.name)} The field `{field.name}`: {_bits(field)}."
            for field in packing("terms")
        ),
        "struct Terms {",
        *(f"    {_type(field.name)} {camel(field.name)};" for field in packing("terms")),
        "}",
        "",
    ]


def _library(signals: Iterable[str], family: Iterable[Instance]) -> list[str]:
    names = [camel(name) for name in signals]
    fields = packing("terms")
    bits = fields[0].offset + fields[0].bits
    lines = [
        "/// @title The public signals and terms of a solvency proof, by name",
        "/// @notice The one place in the contracts that knows the order of signals and the bits of terms.",
        "library SolvencyStatement {",
        f"    /// @notice The terms have bits above the {bits} that they are packed in.",
        "    error TermsTooLarge(uint256 terms);",
        "    /// @notice A field of the terms does not fit its bits.",
        "    error FieldTooLarge(string field, uint256 value);",
        "",
        "    /// @notice The version of the terms that these contracts understand.",
        f"    uint256 internal constant TERMS_VERSION = {int(table()['terms_version'])};",
        "    /// @notice How many bits the terms have.",
        f"    uint256 internal constant TERMS_BITS = {bits};",
    ]
    for kind in ("levels", "coverages"):
        for name, number in table()[kind].items():
            lines += [
                f"    /// @notice The {kind[:-1]} `{name}`.",
                f"    uint256 internal constant {kind[:-1].upper()}_{name.upper()} = {number};",
            ]
    for layout in (each for each in layouts().values() if each.kind == "margin"):
        lines += [
            f"    /// @notice Id of the layout `{layout.name}` of market tables.",
            *_constant("uint256", f"LAYOUT_{_shout(layout.name)}", str(layout.id)),
        ]
    for instance in family:
        lines += [
            f"    /// @notice Id of a production key of the circuit `{instance.name}` "
            f"(layout `{instance.layout.name}`).",
            *_constant("bytes32", _shout(instance.name), f"0x{circuit_id(instance.name).hex()}"),
            f"    /// @notice Id of a development key of the circuit `{instance.name}`.",
            *_constant(
                "bytes32", f"{_shout(instance.name)}_DEV", f"0x{circuit_id(instance.name + '_dev').hex()}"
            ),
        ]
    lines += [
        "",
        "    /// @notice The signals as the verifier takes them.",
        "    /// @param statement The signals by name.",
        "    /// @return signals The same, by number.",
        "    function toSignals(Statement memory statement) internal pure "
        "returns (uint256[SIGNAL_COUNT] memory signals) {",
        *(f"        signals[{place}] = statement.{name};" for place, name in enumerate(names)),
        "    }",
        "",
        "    /// @notice The terms of a packed signal.",
        "    /// @param packed The signal `terms`.",
        "    /// @return terms Its fields; whether they make sense is for the caller to say.",
        "    function unpack(uint256 packed) internal pure returns (Terms memory terms) {",
        "        if (packed >> TERMS_BITS != 0) revert TermsTooLarge(packed);",
        *(f"        terms.{camel(field.name)} = {camel(field.name)}(packed);" for field in fields),
        "    }",
        "",
        "    /// @notice The packed signal of terms.",
        "    /// @param terms The fields; each must fit its bits.",
        "    /// @return packed The signal `terms`.",
        "    function pack(Terms memory terms) internal pure returns (uint256 packed) {",
    ]
    for field in fields:
        name = camel(field.name)
        if _type(field.name) == "address":
            lines += [f"        packed |= uint256(uint160(terms.{name})) << {field.offset};"]
            continue
        lines += [
            f"        if (terms.{name} >> {field.bits} != 0) {{",
            f'            revert FieldTooLarge("{field.name}", terms.{name});',
            "        }",
            f"        packed |= terms.{name} << {field.offset};",
        ]
    lines += ["    }"]
    for field in fields:
        value = f"(packed >> {field.offset}) & ((1 << {field.bits}) - 1)"
        if _type(field.name) == "address":
            value = f"address(uint160(packed >> {field.offset}))"
        lines += [
            "",
            f"    /// @notice The field `{field.name}` of packed terms.",
            "    /// @param packed The signal `terms`.",
            f"    /// @return {_bits(field)}.",
            f"    function {camel(field.name)}(uint256 packed) internal pure "
            f"returns ({_type(field.name)}) {{",
            f"        return {value};",
            "    }",
        ]
    return [*lines, "}"]


def _type(field: str) -> str:
    if field in _TYPES and next(each.bits for each in packing("terms") if each.name == field) != 160:
        raise FormatError(field, "no longer has the bits of an address")
    return _TYPES.get(field, "uint256")


def _constant(kind: str, name: str, value: str) -> list[str]:
    head = f"    {kind} internal constant {name} ="
    line = f"{head} {value};"
    return [line] if len(line) <= _WIDTH else [head, f"        {value};"]


def _bits(field: Field) -> str:
    return f"{field.bits} bits above bit {field.offset}"


def _shout(name: str) -> str:
    return name.replace("-", "_").upper()


if __name__ == "__main__":
    write_statement_library()
