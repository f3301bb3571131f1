"""What this machine has, lacks, or has too old a version of, and how to mend it."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from verifier.circuits import instances

__all__ = ["Finding", "examine"]

_TIME_LIMIT = 20


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    `state` is ``ok``, ``missing``, ``old`` or ``optional`` (absent, and only slower or narrower for it).
    """

    name: str
    state: str
    found: str
    mend: str

    @property
    def blocks(self) -> bool:
        """Whether proofs cannot be made until this is mended."""
        return self.state in ("missing", "old")


def examine(root: Path) -> list[Finding]:
    """Look at Python, Node, the npm packages, Rust, circuits and keys of the workspace at `root`."""
    return [
        _python(),
        *_packages(),
        _program("node", (20, 0), "Install Node 20 or newer: https://nodejs.org"),
        _program("npm", (9, 0), "npm comes with Node"),
        *_node_packages(root),
        _native(),
        _cargo(),
        *_built(root),
    ]


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    fine = sys.version_info >= (3, 11)
    return Finding("python", "ok" if fine else "old", version, "" if fine else "Use Python 3.11 or newer")


def _packages() -> list[Finding]:
    findings = []
    wanted = {
        "py_ecc": "",
        "pydantic": "",
        "cryptography": "",
        "rfc8785": "",
        "wasmtime": "",
        "pyrevm": "evm",
        "gmpy2": "market",
        "numpy": "market",
        "scipy": "market",
        "arch": "market",
        "matplotlib": "market",
        "pyarrow": "market",
    }
    for name, extra in wanted.items():
        try:
            findings.append(Finding(name, "ok", importlib.metadata.version(name), ""))
        except importlib.metadata.PackageNotFoundError:
            mend = f"pip install 'zksolvency[{extra}]'" if extra else "pip install zksolvency"
            findings.append(Finding(name, "optional" if extra else "missing", "", mend))
    return findings


def _program(name: str, least: tuple[int, int], mend: str) -> Finding:
    path = shutil.which(name)
    if path is None:
        return Finding(name, "missing", "", mend)
    try:
        answer = subprocess.run(
            [path, "--version"], capture_output=True, text=True, timeout=_TIME_LIMIT, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return Finding(name, "missing", f"{path} does not run", mend)
    match = re.search(r"(\d+)\.(\d+)(?:\.\d+)?", answer)
    if match is None:
        return Finding(name, "missing", f"{path} does not tell its version", mend)
    fine = (int(match[1]), int(match[2])) >= least
    return Finding(name, "ok" if fine else "old", match[0], "" if fine else mend)


def _node_packages(root: Path) -> list[Finding]:
    findings = []
    for name in ("circom2", "circomlib", "snarkjs", "solc"):
        manifest = root / "node_modules" / name / "package.json"
        if manifest.is_file():
            match = re.search(r'"version":\s*"([^"]+)"', manifest.read_text())
            findings.append(Finding(name, "ok", match[1] if match else "", ""))
        else:
            findings.append(Finding(name, "missing", "", f"Run npm ci in {_shown(root)} (make setup does)"))
    return findings


def _native() -> Finding:
    if importlib.util.find_spec("zksolvency_native") is None:
        return Finding(
            "zksolvency-native",
            "optional",
            "",
            "Proofs go through snarkjs (about five times slower), keys through JavaScript (about ten times) "
            "and hashes through Python: install Rust and run make setup, or pip install zksolvency-native",
        )
    return Finding("zksolvency-native", "ok", importlib.metadata.version("zksolvency-native"), "")


def _cargo() -> Finding:
    finding = _program("cargo", (1, 80), "Only needed to build the native kernel: https://rustup.rs")
    return Finding(finding.name, "optional" if finding.blocks else "ok", finding.found, finding.mend)


def _built(root: Path) -> list[Finding]:
    findings = []
    for instance in instances().values():
        size = instance.size
        compiled = root / "build" / "circuits" / instance.name / f"{instance.name}.r1cs"
        key = root / "build" / "keys" / f"{instance.name}_dev" / "manifest.json"
        mend = f"zksolvency setup --size {size}"
        findings.append(
            Finding(
                f"circuit {size}", *(("ok", "compiled", "") if compiled.is_file() else ("optional", "", mend))
            )
        )
        findings.append(
            Finding(f"key {size}", *(("ok", "development", "") if key.is_file() else ("optional", "", mend)))
        )
    return findings


def _shown(path: Path) -> str:
    """A path the way a person would write it."""
    return f"~/{path.relative_to(Path.home())}" if path.is_relative_to(Path.home()) else str(path)
