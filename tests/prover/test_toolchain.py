"""Circuits compiled from the one table, and witnesses computed in process."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from toolchain_case import GOOD, ROOT, TOY, toy, toy_workspace

from prover.toolchain import binfile, circom, wasm
from prover.toolchain import workspace as places
from prover.toolchain.circom import compile_file, compiled, constants_text, main_text
from prover.toolchain.process import node, run
from prover.toolchain.rules import Place, failed_rule
from prover.toolchain.rules import places as places_in
from prover.toolchain.wasm import Generator, witness_file
from prover.toolchain.workspace import Workspace, workspace
from verifier.circuits import instance, instances, packing, tag, width
from verifier.errors import EnvironmentFault, FormatError, InvalidError, UsageError
from verifier.field import R

# --- what is generated --------------------------------------------------------------------------------


def test_constants_are_those_of_the_table() -> None:
    found = dict(re.findall(r"^function (\w+)\(\) \{ return (\d+); \}$", constants_text(), re.MULTILINE))
    assert found["TAG_NULLIFIER"] == str(tag("nullifier"))
    assert found["WIDTH_DEDUCTION"] == str(width("deduction"))
    for name in ("slot", "clock", "stamp", "terms"):
        for field in packing(name):
            assert found[f"{name}_{field.name}_bits".upper()] == str(field.bits)
            assert found[f"{name}_{field.name}_offset".upper()] == str(field.offset)
    assert found["TERMS_BITS"] == "252"


def test_mains_carry_parameters_layout_and_public_signals() -> None:
    for one in instances().values():
        text = main_text(one)
        parameters = (one.slots, one.nodes, one.groups, one.brackets, one.depth)
        further = tuple(count for count in (one.subgroups, one.cells) if count)
        assert f"{one.template}({', '.join(map(str, (*parameters, *further, one.layout.id)))});" in text
        assert "{public [market_root, attestor, terms, nullifier, context]}" in text


# --- compiling ----------------------------------------------------------------------------------------


@pytest.fixture
def copy(tmp_path: Path) -> tuple[Workspace, Path]:
    """A workspace with a main and a file that it includes, not yet compiled."""
    where = Workspace(tmp_path)
    where.node_modules.symlink_to(ROOT / "node_modules")
    folder = tmp_path / "build" / "one"
    folder.mkdir(parents=True)
    (folder / "part.circom").write_text(
        "pragma circom 2.1.9;\ntemplate Part() { signal input a; signal output b; b <== a * a; }\n"
    )
    main = folder / "one.circom"
    main.write_text('pragma circom 2.1.9;\ninclude "part.circom";\ncomponent main = Part();\n')
    return where, main


def test_compiled_once_and_again_when_an_included_file_changes(copy: tuple[Workspace, Path]) -> None:
    where, main = copy
    first = compile_file(main, where)
    assert (first.constraints, first.seconds > 0) == (1, True)
    assert compile_file(main, where).seconds == 0
    part = main.parent / "part.circom"
    part.write_text(part.read_text().replace("b <== a * a", "signal c <== a * a; b <== c * a"))
    second = compile_file(main, where)
    assert (second.constraints, second.seconds > 0) == (2, True)
    assert second.r1cs_sha256 != first.r1cs_sha256
    second.wasm.unlink()
    assert compile_file(main, where).seconds > 0


def test_a_failed_compilation_says_why_and_is_not_taken_for_done(copy: tuple[Workspace, Path]) -> None:
    where, main = copy
    compile_file(main, where)
    before = main.with_suffix(".r1cs").read_bytes()
    part = main.parent / "part.circom"
    good = part.read_text()
    part.write_text(good.replace("a * a", "a * a * a"))
    for _ in range(2):
        with pytest.raises(EnvironmentFault, match="Non quadratic constraints"):
            compile_file(main, where)
    assert main.with_suffix(".r1cs").read_bytes() == before
    assert [each.name for each in main.parent.iterdir() if each.is_dir()] == []
    part.write_text(good)
    assert compile_file(main, where).constraints == 1


def test_a_missing_include_is_named(copy: tuple[Workspace, Path]) -> None:
    where, main = copy
    (main.parent / "part.circom").unlink()
    with pytest.raises(EnvironmentFault, match=r"one\.circom includes part\.circom, which is nowhere"):
        compile_file(main, where)


def test_a_circuit_that_is_not_compiled_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"8-2 is not compiled\. Run: zksolvency setup --size 8-2"):
        compiled(instance("8-2"), Workspace(tmp_path))


def test_sources_outside_the_workspace_are_refused(copy: tuple[Workspace, Path], tmp_path: Path) -> None:
    where, main = copy
    with pytest.raises(UsageError, match="is not below"):
        circom._below(main, Workspace(tmp_path / "elsewhere"))
    assert circom._below(main, where) == "build/one/one.circom"


def test_unknown_sizes_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert circom.main(["9-9"]) == 2
    assert "8-2, 32-2, 14-24" in capsys.readouterr().err


# --- the workspace ------------------------------------------------------------------------------------


def test_the_checkout_is_the_workspace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ZKSOLVENCY_HOME", raising=False)
    assert workspace().root == ROOT


def test_a_home_gets_sources_and_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    monkeypatch.setenv("ZKSOLVENCY_HOME", str(home))
    programs = tmp_path / "programs"
    programs.mkdir()
    fake = programs / "npm"
    fake.write_text(
        '#!/bin/sh\necho "$@" >> calls\nmkdir -p node_modules/circom2\n'
        'echo \'{"version": "1"}\' > node_modules/circom2/package.json\n'
    )
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    where = workspace()
    assert where.root == home.resolve()
    assert not home.exists()
    with pytest.raises(EnvironmentFault, match="circom2 is missing"):
        where.package_version("circom2")
    where.prepare()
    where.prepare()
    assert len((home / "calls").read_text().splitlines()) == 1, "packages are installed once"
    for name in ("package.json", "package-lock.json", "circuits/circuits.json", "circuits/lib/range.circom"):
        assert (home / name).read_bytes() == (ROOT / name).read_bytes()
    # A newer release brings other packages and sources.
    (home / "circuits" / "lib" / "range.circom").write_text("older")
    (home / "node_modules" / ".zksolvency-lock").write_text("older")
    where.prepare()
    assert len((home / "calls").read_text().splitlines()) == 2
    assert (home / "circuits/lib/range.circom").read_bytes() == (
        ROOT / "circuits/lib/range.circom"
    ).read_bytes()


def test_linked_packages_are_never_reinstalled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packages = tmp_path / "owner" / "node_modules"
    (packages / "circom2").mkdir(parents=True)
    (packages / "circom2" / "package.json").write_text("{}")
    where = Workspace(tmp_path / "home")
    where.root.mkdir()
    where.node_modules.symlink_to(packages)
    monkeypatch.setenv("PATH", "")  # npm would be missed
    where.prepare()
    assert [entry.name for entry in packages.iterdir()] == ["circom2"]


def test_a_wheel_takes_its_sources_from_its_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = tmp_path / "data"
    shutil.copytree(ROOT / "circuits", data / "circuits")
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(ROOT / name, data / name)
    monkeypatch.delenv("ZKSOLVENCY_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(places, "_CHECKOUT", tmp_path / "site-packages")
    monkeypatch.setattr(places, "_PACKAGED", data)
    where = workspace()
    assert where.root == tmp_path / ".zksolvency"
    where._copy_sources()
    assert (where.circuits / "account_solvency.circom").is_file()


# --- witnesses ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def generator() -> Generator:
    return Generator(toy().wasm, (toy_workspace().circuits,))


def values(witness: bytes) -> list[int]:
    return [int.from_bytes(witness[at : at + 32], "little") for at in range(0, len(witness), 32)]


def test_the_witness_is_that_of_snarkjs(tmp_path: Path) -> None:
    inputs = tmp_path / "inputs.json"
    inputs.write_text(json.dumps({**GOOD, "secret": str(GOOD["secret"])}))
    theirs = tmp_path / "theirs.wtns"
    program = ROOT / "node_modules" / "snarkjs" / "build" / "cli.cjs"
    run(
        [node(), program, "wtns", "calculate", toy().wasm, inputs, theirs], cwd=ROOT, limit=60, what="snarkjs"
    )
    assert witness_file(toy(), GOOD) == theirs.read_bytes()


def test_large_and_negative_values(generator: Generator) -> None:
    product, total = values(generator.witness({**GOOD, "secret": -1}))[1:3]
    assert (product, total) == (5 * 479001600, R - 82)
    assert values(generator.witness({**GOOD, "secret": R - 1}))[2] == R - 82


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (
            {"limit": 6},
            r"Toy step 3 \(The first part is the limit\) failed, in Same step 1 \(One is the other\), "
            r"at Same line \d+ ← Toy line \d+",
        ),
        (
            {"parts": [5, 3, *range(3, 13)]},
            r"Toy step 4 \(The second is less by one than the third\) failed, at Toy line \d+",
        ),
    ],
)
def test_the_failed_rule_is_named_and_no_value_is(
    generator: Generator, change: dict[str, object], rule: str
) -> None:
    with pytest.raises(InvalidError, match=rule) as caught:
        generator.witness({**GOOD, **change})
    assert str(GOOD["secret"]) not in str(caught.value)
    # The next witness starts afresh.
    assert values(generator.witness(GOOD))[0] == 1


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({**GOOD, "parts": [5]}, "parts: has 1 values, and the circuit takes 12"),
        ({**GOOD, "other": 1}, "other: is no input of the circuit"),
        (
            {name: value for name, value in GOOD.items() if name != "secret"},
            "13 values, and the circuit takes 14",
        ),
    ],
)
def test_inputs_that_are_not_the_circuits(
    generator: Generator, inputs: dict[str, object], message: str
) -> None:
    with pytest.raises(FormatError, match=message):
        generator.witness(inputs)


def test_the_compiled_module_is_kept_and_remade(tmp_path: Path) -> None:
    copy = tmp_path / "toy.wasm"
    shutil.copyfile(toy().wasm, copy)
    (tmp_path / "toy.0000.wasmtime-1").write_bytes(b"of another version")
    Generator(copy).prepare()
    kept = [each for each in tmp_path.iterdir() if ".wasmtime-" in each.name]
    assert len(kept) == 1
    stamp = kept[0].stat().st_mtime_ns
    first = Generator(copy).witness(GOOD)
    assert kept[0].stat().st_mtime_ns == stamp
    kept[0].write_bytes(b"damaged")
    assert Generator(copy).witness(GOOD) == first
    assert len(kept[0].read_bytes()) > 1000


def test_a_missing_or_damaged_module_is_told(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFault, match="is missing"):
        Generator(tmp_path / "none.wasm").witness(GOOD)
    (tmp_path / "bad.wasm").write_bytes(toy().wasm.read_bytes()[:-100])
    with pytest.raises(EnvironmentFault, match="is damaged"):
        Generator(tmp_path / "bad.wasm").witness(GOOD)


def test_input_hashes_are_fnv1a() -> None:
    # The published test value of 64-bit FNV-1a for "a".
    high, low = wasm.input_hash("a")
    assert (high & 0xFFFFFFFF) << 32 | low & 0xFFFFFFFF == 0xAF63DC4C8601EC8C


# --- rules --------------------------------------------------------------------------------------------


def test_rules_of_a_library_are_told_by_the_step_that_calls_it(tmp_path: Path) -> None:
    own, library = tmp_path / "own", tmp_path / "library"
    for folder in (own, library):
        folder.mkdir()
    (library / "bits.circom").write_text("// 9. Not a step of ours.\ntemplate Bits(n) {\n    x === y;\n}\n")
    (own / "main.circom").write_text(
        "template Main() {\n    // 1. First. More words.\n    a;\n"
        "    // 2. Second;\n    //    and more.\n    Bits(3);\n}\n"
    )
    message = "Error in template Bits_12 line: 3\nError in template Main_13 line: 6\n"
    found = places_in(message)
    assert found == [Place("Bits", 3), Place("Main", 6)]
    assert failed_rule(found, (own, library)) == "Main step 2 (Second) failed, at Main line 6"
    assert failed_rule([Place("Main", 3)], (own,)) == "Main step 1 (First) failed, at Main line 3"
    assert failed_rule([Place("Bits", 3)], (own,)) == "the rule at Bits line 3 failed"
    assert "does not say which" in failed_rule([], (own,))


# --- files of sections --------------------------------------------------------------------------------


def test_headers_are_read() -> None:
    header = binfile.r1cs_header(toy().r1cs)
    assert (header.outputs, header.public_inputs, header.private_inputs) == (2, 1, 13)
    assert (header.constraints, header.public, header.power) == (toy().constraints, 3, 4)


@pytest.mark.parametrize(("name", "count"), [("g0", 0), ("g1", 1), ("commitment", 514)])
def test_contributions_are_counted(vectors: Path, name: str, count: int) -> None:
    assert len(binfile.contributions(vectors / "crypto" / "zkey" / f"{name}.zkey")) == count


def test_every_truncation_of_a_key_is_an_error(vectors: Path, tmp_path: Path) -> None:
    whole = (vectors / "crypto" / "zkey" / "g1.zkey").read_bytes()
    cut = tmp_path / "cut.zkey"
    for size in (0, 3, 11, 12, 20, 100, 1000, len(whole) - 400, len(whole) - 1):
        cut.write_bytes(whole[:size])
        with pytest.raises(FormatError):
            binfile.contributions(cut)
    cut.write_bytes(whole[:8] + (1 << 31).to_bytes(4, "little") + whole[12:])
    with pytest.raises(FormatError, match="2147483648 sections"):
        binfile.contributions(cut)


def test_a_false_count_of_contributions_is_an_error(vectors: Path, tmp_path: Path) -> None:
    whole = (vectors / "crypto" / "zkey" / "g0.zkey").read_bytes()
    forged = tmp_path / "forged.zkey"
    # Section 10 is the last: the circuit's hash, then the count.
    for count in (1, 514, (1 << 32) - 1):
        forged.write_bytes(whole[:-4] + count.to_bytes(4, "little"))
        with pytest.raises(FormatError):
            binfile.contributions(forged)


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="is not a zkey file"):
        binfile.contributions(toy().r1cs)
    with pytest.raises(FormatError, match="is not a ptau file"):
        binfile.ptau_header(toy().r1cs)
    with pytest.raises(UsageError, match="cannot be read"):
        binfile.contributions(tmp_path / "none")


def test_the_toy_is_no_instance_of_the_product() -> None:
    assert TOY.name not in instances()
