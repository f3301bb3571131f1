"""Circuits from circuits.json and circuits/: constants and mains are generated, then compiled.

``python -m prover.toolchain.circom [sizes...]`` compiles the given instances, or all of them.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from verifier.circuits import Instance, instance, instances, packing, table
from verifier.errors import EnvironmentFault, UsageError, ZkSolvencyError
from verifier.files import write_atomic, write_json

from ..source_map import SourceMap
from .binfile import r1cs_header
from .process import Progress, node, quiet, run
from .workspace import Workspace, workspace

__all__ = [
    "Compiled",
    "compile_file",
    "compile_instance",
    "compiled",
    "constants_text",
    "main_text",
    "mandate_constants_text",
    "source_map",
]

_LIMIT = 1800.0
_OPTIMISATION = "--O2"
_CONSTANTS = "constants.circom"
_MANDATE_CONSTANTS = "mandate_constants.circom"
_INCLUDE = re.compile(r'^\s*include\s+"([^"]+)"\s*;', re.MULTILINE)
_PRAGMA = "pragma circom 2.1.9;"


@dataclass(frozen=True)
class Compiled:
    """A compiled circuit: constraints, names of its wires, witness generator."""

    name: str
    r1cs: Path
    sym: Path
    wasm: Path
    constraints: int
    compiler: str
    r1cs_sha256: str
    seconds: float
    """How long the compiler ran this time; 0 when nothing had changed."""


def constants_text() -> str:
    """The numbers of circuits.json as Circom functions, so that no circuit repeats one."""
    whole = table()
    functions = {
        f"TAG_{name}": entry["tag"] for name, entry in whole["hash_tags"].items() if "constants" not in entry
    }
    functions["TERMS_VERSION"] = whole["terms_version"]
    for group in ("scales", "widths", "slots", "levels", "coverages"):
        prefix = group if group == "slots" else group.removesuffix("s")
        functions.update({f"{prefix}_{name}": value for name, value in whole[group].items()})
    for name in whole["packings"]:
        fields = packing(name)
        functions[f"{name}_bits"] = fields[0].offset + fields[0].bits
        for field in fields:
            functions[f"{name}_{field.name}_bits"] = field.bits
            functions[f"{name}_{field.name}_offset"] = field.offset
    return _functions(functions)


def mandate_constants_text() -> str:
    """The same for mandates alone: in a file of its own, so that no other circuit is compiled anew for it."""
    whole = table()
    functions = {"TAG_mandate": whole["hash_tags"]["mandate"]["tag"]}
    functions.update({f"mandate_{name}": value for name, value in whole["mandate"].items()})
    return _functions(functions)


def _functions(values: dict[str, int]) -> str:
    lines = [f"function {name.upper()}() {{ return {value}; }}" for name, value in values.items()]
    note = "// Generated from circuits.json. SPDX-License-Identifier: GPL-3.0-only"
    return "\n".join([note, _PRAGMA, "", *lines, ""])


def main_text(of: Instance) -> str:
    """The thin main of an instance: its template with parameters, its layout's id, its public signals."""
    parameters = (*of.parameters.values(), of.layout.id)
    call = f"{of.template}({', '.join(map(str, parameters))})"
    return "\n".join(
        [
            "// Generated from circuits.json. SPDX-License-Identifier: GPL-3.0-only",
            _PRAGMA,
            "",
            f'include "{of.file}";',
            "",
            f"component main {{public [{', '.join(of.public)}]}} = {call};",
            "",
        ]
    )


def compile_instance(of: Instance, where: Workspace | None = None, progress: Progress = quiet) -> Compiled:
    """Compile an instance into build/circuits/<name>, unless nothing that it is made of has changed.

    Raises
    ------
    EnvironmentFault
        When Node or the compiler is missing, or compiling fails (with the compiler's own words).
    """
    where = where or workspace()
    where.prepare(progress)
    main = where.compiled / of.name / f"{of.name}.circom"
    with where.lock("constants"):
        _write_changed(where.compiled / _CONSTANTS, constants_text())
        _write_changed(where.compiled / _MANDATE_CONSTANTS, mandate_constants_text())
        _write_changed(main, main_text(of))
    return compile_file(main, where, progress, folders=(where.circuits, where.compiled))


def compile_file(
    source: Path,
    where: Workspace,
    progress: Progress = quiet,
    *,
    folders: tuple[Path, ...] = (),
) -> Compiled:
    """Compile a main below the workspace into the directory that it is in, unless nothing has changed.

    Parameters
    ----------
    source
        The main; outputs get its name.
    where
        The workspace; everything included must be below it.
    folders
        Where included files are searched, before circomlib.
    """
    folders = (*folders, where.node_modules / "circomlib" / "circuits")
    compiler = _compiler(where)
    name = source.stem
    with where.lock(f"circuit-{name}"):
        digest = _digest(source, folders, compiler)
        stamp = _stamp(source)
        if stamp is not None and stamp["sources"] == digest and _complete(source):
            return _outputs(source, stamp, 0.0)
        progress(f"compiling {name} (once; up to a minute or two)")
        seconds = _compile(source, folders, where)
        r1cs = hashlib.sha256(source.with_suffix(".r1cs").read_bytes()).hexdigest()
        stamp = {"sources": digest, "compiler": compiler, "r1cs_sha256": r1cs}
        write_json(source.with_suffix(".stamp"), stamp)
        result = _outputs(source, stamp, seconds)
        progress(f"compiled {name}: {result.constraints:,} constraints in {seconds:.1f} s")
        return result


def compiled(of: Instance, where: Workspace | None = None) -> Compiled:
    """The outputs of an earlier compilation, without looking for changes; UsageError when there are none."""
    where = where or workspace()
    source = where.compiled / of.name / f"{of.name}.circom"
    stamp = _stamp(source)
    if stamp is None or not _complete(source):
        raise UsageError(f"the circuit {of.size} is not compiled. Run: zksolvency setup --size {of.size}")
    return _outputs(source, stamp, 0.0)


def source_map(of: Compiled, where: Workspace | None = None) -> SourceMap:
    """The sources that an instance was compiled from."""
    where = where or workspace()
    main = of.r1cs.with_suffix(".circom")
    folders = (where.circuits, where.compiled, where.node_modules / "circomlib" / "circuits")
    return SourceMap(main, _sources(main, folders))


def _compile(source: Path, folders: tuple[Path, ...], where: Workspace) -> float:
    """Into a directory of its own first, so that a failed or cut short run changes nothing."""
    name = source.stem
    mend = "If the sources are unchanged, run: zksolvency setup"
    source.with_suffix(".stamp").unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=source.parent) as made:
        target = Path(made)
        libraries = [part for folder in folders for part in ("-l", _below(folder, where))]
        output = run(
            [
                node(),
                _below(where.node_modules / "circom2" / "cli.js", where),
                _below(source, where),
                _OPTIMISATION,
                "--r1cs",
                "--sym",
                "--wasm",
                *libraries,
                "-o",
                _below(target, where),
            ],
            cwd=where.root,
            limit=_LIMIT,
            what=f"compiling {name}",
            mend=mend,
        )
        files = {
            "r1cs": target / f"{name}.r1cs",
            "sym": target / f"{name}.sym",
            "wasm": target / f"{name}_js" / f"{name}.wasm",
        }
        for kind, file in files.items():
            if not file.is_file():
                raise EnvironmentFault(f"compiling {name}: wrote no {kind}. {mend}\n{output.tail}")
        for kind, file in files.items():
            file.replace(source.with_suffix(f".{kind}"))
        shutil.rmtree(source.parent / f"{name}_js", ignore_errors=True)
    return output.seconds


def _stamp(source: Path) -> dict[str, str] | None:
    """What the outputs beside a main were made from; None when there is no telling."""
    try:
        found = json.loads(source.with_suffix(".stamp").read_text())
        return {name: str(found[name]) for name in ("sources", "compiler", "r1cs_sha256")}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _outputs(source: Path, stamp: dict[str, str], seconds: float) -> Compiled:
    return Compiled(
        name=source.stem,
        r1cs=source.with_suffix(".r1cs"),
        sym=source.with_suffix(".sym"),
        wasm=source.with_suffix(".wasm"),
        constraints=r1cs_header(source.with_suffix(".r1cs")).constraints,
        compiler=stamp["compiler"],
        r1cs_sha256=stamp["r1cs_sha256"],
        seconds=seconds,
    )


def _complete(source: Path) -> bool:
    return all(source.with_suffix(suffix).is_file() for suffix in (".r1cs", ".sym", ".wasm"))


def _compiler(where: Workspace) -> str:
    return f"circom2 {where.package_version('circom2')} {_OPTIMISATION}"


def _digest(source: Path, folders: tuple[Path, ...], compiler: str) -> str:
    """A hash of the compiler and of everything that the main includes, however deep."""
    hasher = hashlib.sha256(compiler.encode())
    for file in _sources(source, folders):
        content = file.read_bytes()
        hasher.update(f"\n{file.name} {len(content)}\n".encode())
        hasher.update(content)
    return hasher.hexdigest()


def _sources(source: Path, folders: tuple[Path, ...]) -> Iterator[Path]:
    seen: set[Path] = set()
    waiting = [source]
    while waiting:
        file = waiting.pop()
        if file in seen:
            continue
        seen.add(file)
        yield file
        for name in _INCLUDE.findall(file.read_text()):
            waiting.append(_find(name, file, folders))


def _find(name: str, includer: Path, folders: tuple[Path, ...]) -> Path:
    for folder in (includer.parent, *folders):
        if (folder / name).is_file():
            return (folder / name).resolve()
    raise EnvironmentFault(f"{includer.name} includes {name}, which is nowhere. Run: zksolvency setup")


def _below(path: Path, where: Workspace) -> str:
    """The compiler takes only paths below the directory that it runs in."""
    try:
        return str(path.relative_to(where.root))
    except ValueError:
        raise UsageError(f"{path}: is not below {where.root}, so the compiler cannot read it") from None


def _write_changed(path: Path, text: str) -> None:
    if not path.is_file() or path.read_text() != text:
        write_atomic(path, text)


def main(sizes: list[str]) -> int:
    """Compile the instances of these sizes, or all."""
    try:
        chosen = [instance(size) for size in sizes] if sizes else list(instances().values())
        for one in chosen:
            result = compile_instance(one, progress=lambda line: print(line, flush=True))
            print(f"{one.size}: {result.constraints:,} constraints (limit {one.max_constraints:,})")
    except KeyError as error:
        known = ", ".join(one.size for one in instances().values())
        print(f"there is no circuit {error}; there are {known}", file=sys.stderr)
        return 2
    except ZkSolvencyError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
