"""Lints over the circuits' sources and constraints, each for a way in which other circuits were unsound."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from prover.r1cs import read_r1cs, read_symbols
from prover.toolchain.circom import compile_instance
from tests.circuits.mains import MAINS
from verifier.circuits import instance, instances

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "circuits").rglob("*.circom"))

HINTS: dict[str, str] = {}
"""Every `<--` of circuits/, with the constraint beside it. There is none: hints are circomlib's."""

CIRCOMLIB: dict[str, str] = {
    "Num2Bits": "in ToBits only, below 254 bits",
    "IsZero": "the slot's size; needs no width",
    "Poseidon": "",
    "BabyCheck": "",
    "EdDSAPoseidonVerifier": "its points are checked to be on the curve beside it",
}
"""What circuits/ takes from circomlib. Comparators (LessThan and the like) are not on the list: they do not
check their inputs' widths, and AssertOrdered, whose inputs carry theirs, does their work."""

PARAMETERS = re.compile(r"^[A-Z0-9_]+$")


def code(source: Path) -> str:
    """A source without comments."""
    return re.sub(r"//[^\n]*|/\*.*?\*/", "", source.read_text(), flags=re.DOTALL)


def asserted(text: str) -> list[str]:
    """Arguments of assert( in a source, with balanced brackets."""
    found = []
    for match in re.finditer(r"\bassert\(", text):
        depth, end = 1, match.end()
        while depth:
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            end += 1
        found.append(text[match.end() : end - 1])
    return found


def names_signals(argument: str) -> set[str]:
    """Names in an assertion that are neither parameters, functions of them, nor widths of tags."""
    argument = re.sub(r"\b\w+(\.\w+)*\.maxbit\b", "", argument)
    argument = re.sub(r"\b\w+\(", "(", argument)
    return {name for name in re.findall(r"[A-Za-z_]\w*", argument) if not PARAMETERS.match(name)}


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_assertions_are_about_parameters_only(source: Path) -> None:
    for argument in asserted(code(source)):
        assert names_signals(argument) == set(), argument


def test_the_assertion_lint_sees_a_signal() -> None:
    assert names_signals("x == 1 && N > 0") == {"x"}
    assert names_signals("index.maxbit <= 2 * DEPTH && sum_bits(N) + 9 < 252") == set()


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_every_hint_is_on_the_list(source: Path) -> None:
    hints = re.findall(r"[^\n;]*(?:<--|-->)[^\n;]*", code(source))
    assert [hint.strip() for hint in hints if hint.strip() not in HINTS] == []


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_circomlib_is_used_as_reviewed(source: Path) -> None:
    text = code(source)
    own = {name for one in SOURCES for name in re.findall(r"\btemplate (\w+)\(", code(one))}
    used = set(re.findall(r"(?<![\w.])([A-Z][a-z]\w*)\(", text)) - own
    assert used <= set(CIRCOMLIB)
    if source.name != "range.circom":
        assert "Num2Bits(" not in text
    assert re.findall(r"Num2Bits\((.*?)\)", text) in ([], ["BITS"])


def test_bits_are_never_254() -> None:
    """254 bits have two answers; the assertion in ToBits is what keeps its width below."""
    text = code(ROOT / "circuits" / "lib" / "range.circom")
    assert "assert(BITS > 0 && BITS < 254);" in text
    for source in SOURCES:
        for width in re.findall(r"\b(?:ToBits|AssertBounded|Bounded)\((\d+)\)", code(source)):
            assert int(width) < 254


def test_every_template_of_the_library_has_a_small_main_for_its_tests() -> None:
    library = {
        name
        for source in SOURCES
        if source.parent.name == "lib"
        for name in re.findall(r"^template (\w+)\(", source.read_text(), re.MULTILINE)
    }
    assert library == set(MAINS)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.long if one.max_constraints > 1 << 17 else ())
        for name, one in instances().items()
    ],
)
def test_every_public_signal_is_constrained(name: str) -> None:
    """As compiled for proving: an unused public signal lets one proof stand for any value of it."""
    built = compile_instance(instance(name))
    r1cs, symbols = read_r1cs(built.r1cs), read_symbols(built.sym)
    assert [symbols.name(wire) for wire in r1cs.public] == [f"main.{s}" for s in instance(name).public]
    mentioned = set().union(*(constraint.wires() for constraint in r1cs.constraints))
    assert set(r1cs.public) <= mentioned
