"""Analyse the contracts: slither against a reviewed baseline, and symbolic checks with halmos.

``python -m prover.evm.analyse``; both tools live in a virtual environment of their own, because they pin
other versions than this project: ``make analyse`` makes it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from verifier.errors import EnvironmentFault, InvalidError, ZkSolvencyError

from .forge import foundry_program
from .statement import CONTRACTS

__all__ = ["BASELINE", "TOOLS", "compare", "found_by_slither", "main", "slither", "symbolic"]

_ROOT = CONTRACTS.parents[1]
TOOLS = _ROOT / "build" / "analysis" / "venv" / "bin"
"""Where `make analyse` puts the tools."""

BASELINE = CONTRACTS / "analysis" / "baseline.toml"
"""Findings that were reviewed, each with its reason."""

# Slither empties forge's output before it compiles, so each tool has its own.
_OUTPUT = _ROOT / "build" / "analysis" / "out"
_LIMIT = 900.0
Finding = tuple[str, str]


def slither() -> list[Finding]:
    """What slither reports about the sources that the baseline does not accept, or no longer need accept.

    Raises
    ------
    EnvironmentFault
        When a tool is missing or slither does not finish.
    InvalidError
        When anything is reported that is not in the baseline, or the baseline has what is not reported.
    """
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        _run(["slither", ".", "--filter-paths", "node_modules|test/", "--json", str(report)], report)
        found = found_by_slither(json.loads(report.read_text()))
    compare(found, tomllib.loads(BASELINE.read_text()))
    return found


def found_by_slither(report: dict[str, Any]) -> list[Finding]:
    """(check, contract and function or variable) of each finding, each once, in order."""
    found = set()
    for entry in report["results"].get("detectors", []):
        element = entry["elements"][0] if entry["elements"] else {"name": "?"}
        found.add((str(entry["check"]), _place(element)))
    return sorted(found)


def compare(found: Sequence[Finding], baseline: dict[str, Any]) -> None:
    """Refuse findings that are not in the baseline, entries without a reason, and entries without a finding.

    Raises
    ------
    InvalidError
        Naming them.
    """
    entries = baseline["accepted"]
    unexplained = [entry["check"] for entry in entries if len(str(entry.get("reason", ""))) < 20]
    accepted = {(entry["check"], place) for entry in entries for place in entry["where"]}
    wanted = {each for each in found if each[0] not in baseline["excluded"]}
    problems = [f"new: {check} in {place}" for check, place in sorted(wanted - accepted)]
    problems += [f"no longer found: {check} in {place}" for check, place in sorted(accepted - wanted)]
    problems += [f"without a reason: {check}" for check in unexplained]
    if problems:
        raise InvalidError(f"slither against {BASELINE.name}: {'; '.join(problems)}")


def symbolic() -> None:
    """Run the symbolic checks of ``test/symbolic``.

    Raises
    ------
    EnvironmentFault
        When a tool is missing.
    InvalidError
        When a check fails, or none ran.
    """
    folder = CONTRACTS / "test" / "symbolic"
    tests = [f"test/symbolic/{path.name}" for path in sorted(folder.glob("*.t.sol"))]
    build = [str(foundry_program("forge")), "build", "--ast", *tests]
    environment = _environment("halmos")
    if subprocess.run(build, cwd=CONTRACTS, env=environment, check=False, timeout=_LIMIT).returncode:
        raise InvalidError("the symbolic checks do not compile")
    words = ["--match-contract", "Symbolic$", "--loop", "8"]
    command = [_tool("halmos"), "--root", ".", "--forge-build-out", str(_OUTPUT / "halmos"), *words]
    done = subprocess.run(command, cwd=CONTRACTS, env=environment, check=False, timeout=_LIMIT)
    if done.returncode:
        raise InvalidError("a symbolic check fails")


def _place(element: dict[str, Any]) -> str:
    names = [str(element["name"])]
    parent = element.get("type_specific_fields", {}).get("parent", {})
    while parent and parent.get("type") in ("contract", "function"):
        names.insert(0, str(parent["name"]))
        parent = parent.get("type_specific_fields", {}).get("parent", {})
    return ".".join(names)


def _run(command: list[str], report: Path) -> None:
    done = subprocess.run(
        [_tool(command[0]), *command[1:]],
        cwd=CONTRACTS,
        env=_environment(command[0]),
        capture_output=True,
        text=True,
        check=False,
        timeout=_LIMIT,
    )
    # Slither's exit code tells findings from none; whether it finished the report says.
    if not report.is_file():
        raise EnvironmentFault(f"{command[0]} did not finish: {done.stderr[-500:].strip()}")


def _tool(name: str) -> str:
    program = TOOLS / name
    if not program.is_file():
        raise EnvironmentFault(f"{name} is not installed. Run: make analyse")
    return str(program)


def _environment(tool: str) -> dict[str, str]:
    """Forge on the path, offline, its output apart from that of the tests."""
    forge = foundry_program("forge").parent
    return {
        **os.environ,
        "PATH": f"{forge}{os.pathsep}{TOOLS}{os.pathsep}{os.environ['PATH']}",
        "FOUNDRY_OFFLINE": "true",
        "FOUNDRY_OUT": str(_OUTPUT / tool),
        "FOUNDRY_CACHE_PATH": str(_OUTPUT / f"{tool}-cache"),
        "FOUNDRY_OPTIMIZER": "false",
        "FOUNDRY_DENY": "never",
        "FOUNDRY_DISABLE_NIGHTLY_WARNING": "1",
    }


def main() -> int:
    """Run both; 0 when all is as reviewed."""
    try:
        found = slither()
        print(f"slither: {len(found)} findings, all of them reviewed")
        symbolic()
    except ZkSolvencyError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
