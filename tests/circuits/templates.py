"""Compile one template of circuits/ alone, for tests; cached below build/test-circuits by content.

Without simplification (--O0) every signal keeps its own wire and its name, so a test can say which one it
edits. What is deployed is compiled with --O2 and tested through whole instances.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from prover.r1cs import R1cs, Symbols, read_r1cs, read_symbols
from prover.toolchain.circom import constants_text, mandate_constants_text
from prover.toolchain.process import node, run
from prover.toolchain.workspace import Workspace, workspace
from verifier.files import write_atomic

PRAGMA = "pragma circom 2.1.9;"
_LIMIT = 600.0


@dataclass(frozen=True)
class Source:
    """A small main: what it includes, templates of its own, and the main component.

    Attributes
    ----------
    includes
        Files below circuits/ or circomlib.
    call
        The main component, such as ``Slot(2)``.
    wrapper
        Circom text before the main. The compiler takes no tags on a main's inputs, so templates with tagged
        inputs are wrapped; a wrapper sets tags without a check, as only what the template itself checks is
        under test.
    public
        Public inputs.
    """

    includes: tuple[str, ...]
    call: str
    wrapper: str = ""
    public: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        public = f" {{public [{', '.join(self.public)}]}}" if self.public else ""
        lines = [PRAGMA, *(f'include "{name}";' for name in self.includes), self.wrapper]
        return "\n".join([*lines, f"component main{public} = {self.call};", ""])


@dataclass(frozen=True)
class Built:
    """A compiled main."""

    r1cs: R1cs
    symbols: Symbols

    @cached_property
    def by_wire(self) -> list[list[int]]:
        """Constraints that mention each wire."""
        found: list[list[int]] = [[] for _ in range(self.r1cs.wires)]
        for place, constraint in enumerate(self.r1cs.constraints):
            for wire in constraint.wires():
                found[wire].append(place)
        return found

    def wire(self, name: str) -> int:
        """The wire of ``main.<name>``."""
        return self.symbols.wire(f"main.{name}")

    def wires(self, prefix: str) -> list[int]:
        """Wires of a signal and of everything in it, by ``main.<prefix>``."""
        start = f"main.{prefix}"
        names = [n for n in self.symbols.wires if n == start or n.startswith((f"{start}[", f"{start}."))]
        return [self.symbols.wire(name) for name in names]


def build(source: Source, circuits: Path | None = None) -> Built:
    """Compile a main against circuits/, or against a changed copy of it below the workspace."""
    where = workspace()
    folder = circuits or where.circuits
    digest = _digest(source.text, folder, where)
    # Changed copies are used once each, and would fill the memory.
    return _load(source.text, folder, digest) if circuits else _cached(source.text, folder, digest)


def prepare(source: Source, circuits: Path) -> None:
    """Compile a main against a changed copy of circuits/, for `build` to find."""
    _compiled(source.text, circuits, _digest(source.text, circuits, workspace()))


@cache
def _cached(text: str, circuits: Path, digest: str) -> Built:
    return _load(text, circuits, digest)


def _load(text: str, circuits: Path, digest: str) -> Built:
    target = _compiled(text, circuits, digest)
    return Built(read_r1cs(target / "main.r1cs"), read_symbols(target / "main.sym"))


def _compiled(text: str, circuits: Path, digest: str) -> Path:
    where = workspace()
    target = where.build / "test-circuits" / digest
    if not (target / "done").is_file():
        with where.lock(f"test-{digest}"):
            if not (target / "done").is_file():
                _compile(text, circuits, target, where)
    return target


def _digest(text: str, circuits: Path, where: Workspace) -> str:
    hasher = hashlib.sha256(
        f"{where.package_version('circom2')} {constants_text()}{mandate_constants_text()}\n{text}".encode()
    )
    for file in sorted(circuits.rglob("*.circom")):
        hasher.update(f"{file.name}\n".encode() + file.read_bytes())
    return hasher.hexdigest()[:24]


def _compile(text: str, circuits: Path, target: Path, where: Workspace) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".", dir=target.parent) as made:
        folder = Path(made)
        (folder / "main.circom").write_text(text)
        (folder / "constants.circom").write_text(constants_text())
        (folder / "mandate_constants.circom").write_text(mandate_constants_text())
        libraries = (folder, circuits, where.node_modules / "circomlib" / "circuits")
        run(
            [
                node(),
                (where.node_modules / "circom2" / "cli.js").relative_to(where.root),
                (folder / "main.circom").relative_to(where.root),
                *("--O0", "--r1cs", "--sym"),
                *(part for path in libraries for part in ("-l", path.relative_to(where.root))),
                *("-o", folder.relative_to(where.root)),
            ],
            cwd=where.root,
            limit=_LIMIT,
            what="compiling a test circuit",
        )
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()
        for name in ("main.r1cs", "main.sym", "main.circom"):
            (folder / name).replace(target / name)
        write_atomic(target / "done", "")
