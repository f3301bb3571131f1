"""Nothing private leaves: by what a command prints, a bundle, an argument, or a file that is left behind."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from running import Run, content, edit, read

from prover.toolchain.workspace import workspace

# Figures whose digits cannot appear by chance.
CASH, ETH_SIZE, SOL_SIZE = "5604.48405573912", "3.47128931", "7.93518264"


@pytest.fixture
def private(folder: Path, run: Run) -> set[str]:
    """An account with telling figures, signed; and every way in which something private may be written."""
    edit("account.json", "cash", CASH)
    held = [("hyperliquid:ETH", ETH_SIZE), ("hyperliquid:SOL", SOL_SIZE)]
    edit("account.json", "positions", [{"instrument": name, "size": size} for name, size in held])
    assert run("sign", "account.json").code == 0
    texts = {CASH, ETH_SIZE, SOL_SIZE, read("statement.json")["salt"]}
    texts |= {text.replace(".", "") for text in (CASH, ETH_SIZE, SOL_SIZE)}
    for kind in ("holder", "attestor", "publisher"):
        secret = read(f"secrets/{kind}.json")["secret"]
        texts |= {secret, secret.lstrip("0"), str(int(secret, 16))}
    signature = read("statement.json")["signature"]
    return texts | set(signature.values())


def told(text: str, private: set[str]) -> list[str]:
    """What of it is in a text, also in hexadecimal."""
    lower = text.lower()
    hexadecimal = {f"{int(value):x}" for value in private if value.isdigit() and len(value) > 12}
    return [value for value in private | hexadecimal if value.lower() in lower]


QUIET = [
    "init",
    "doctor",
    "setup",
    "keys show secrets/holder.json",
    "keys show secrets/attestor.json",
    "keys new holder --out secrets/third.json",
    "sign account.json",
    "sign market.json",
    "policy new",
    "policy challenge",
    "prove",
    "verify",
    "inspect bundle.json",
    "inspect account.json",
    "inspect statement.json",
    "inspect secrets/holder.json",
    "evm export",
]


def test_no_command_prints_anything_private(private: set[str], folder: Path, run: Run) -> None:
    for line in QUIET:
        for as_json in ((), ("--json",)):
            arguments = line.replace("third", f"third{len(as_json)}").split()
            ran = run(*arguments, *as_json)
            assert ran.code in (0, 3) if line == "doctor" else ran.code == 0, (line, ran.all)
            assert told(ran.all, private) == [], line


def test_no_error_tells_anything_private(private: set[str], folder: Path, run: Run) -> None:
    """Each private file is spoilt in turn, and every command that reads it is run."""
    spoilt: dict[str, list[tuple[str, Any]]] = {
        "account.json": [("cash", CASH + "777777777"), ("positions.0.size", ETH_SIZE + "9"), ("as_of", -1)],
        "statement.json": [("cash", CASH + "1"), ("salt", "x" + CASH), ("positions.0.size", SOL_SIZE)],
        "secrets/holder.json": [("secret", CASH), ("public.holder", "1"), ("extra", ETH_SIZE)],
        "secrets/attestor.json": [("secret", SOL_SIZE), ("kind", ETH_SIZE)],
    }
    readers = {
        "account.json": ["sign account.json", "inspect account.json"],
        "statement.json": ["prove", "inspect statement.json"],
        "secrets/holder.json": ["prove", "keys show secrets/holder.json", "inspect secrets/holder.json"],
        "secrets/attestor.json": ["sign account.json", "keys show secrets/attestor.json", "policy new"],
    }
    failed = 0
    for file, changes in spoilt.items():
        whole = (folder / file).read_bytes()
        for member, value in changes:
            edit(file, member, value)
            for line in readers[file]:
                ran = run(*line.split())
                failed += ran.code != 0
                assert told(ran.all, private) == [], (file, member, line)
            (folder / file).write_bytes(whole)
    assert failed >= len(spoilt) * 3


def test_public_files_tell_nothing_private(private: set[str], folder: Path, run: Run) -> None:
    assert run("prove").code == 0
    assert run("evm", "export").code == 0
    for name in ("bundle.json", "policy.json", "challenge.json", "market.json", "SolvencyVerifier.sol"):
        text = Path(name).read_text()
        assert told(text, private) == [], name
        assert read("statement.json")["holder"] not in text
    public = set(read("bundle.json"))
    assert public == {
        "schema",
        "circuit",
        "verification_key",
        "statement",
        "public",
        "proof",
        "market",
        "challenge",
    }
    assert len(read("bundle.json")["public"]) == 5


def test_the_bundle_is_as_long_whatever_is_held(folder: Path, run: Run) -> None:
    """Neither how many positions there are shows, nor of what: but for points and hashes it is the same."""

    def shape() -> object:
        assert run("sign", "account.json").code == 0
        assert run("prove").code == 0
        bundle = read("bundle.json")
        proof = {name: len(value) for name, value in bundle["proof"].items()}
        return (
            bundle["circuit"],
            bundle["verification_key"],
            bundle["market"],
            bundle["statement"]["terms"],
            proof,
        )

    both = shape()
    edit("account.json", "positions", [{"instrument": "hyperliquid:BTC", "size": "0.01"}])
    assert shape() == both


class Watching:
    """Reads the arguments of every process of this machine until told to stop."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Watching:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.02):
            for process in Path("/proc").glob("[0-9]*"):
                for name in ("cmdline", "environ"):
                    try:
                        raw = (process / name).read_bytes()
                    except OSError:
                        continue
                    self.seen.add(raw.replace(b"\0", b" ").decode("utf-8", "replace"))


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for temporary files of our own, so that what is left there is ours."""
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setenv("TMPDIR", str(place))
    monkeypatch.setattr(tempfile, "tempdir", None)
    yield place
    monkeypatch.setattr(tempfile, "tempdir", None)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="skipped: there is no /proc")
def test_snarkjs_is_told_nothing_private_but_through_its_pipe(
    private: set[str], folder: Path, run: Run, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also: without the native kernel snarkjs is what proves, and its proof is as good."""
    monkeypatch.setenv("ZKSOLVENCY_NATIVE", "0")
    built = set(workspace().build.rglob("*.wtns"))
    before = content(folder)
    with Watching() as watching:
        ran = run("prove", "--json")
    assert ran.code == 0, ran.all
    assert ran.json["backend"] == "snarkjs"
    assert any("snarkjs.mjs prove" in seen for seen in watching.seen)
    assert [seen for seen in watching.seen if told(seen, private)] == []
    assert list(temporary.rglob("*")) == []
    assert {name for name, data in content(folder).items() if before.get(name) != data} == {"bundle.json"}
    assert set(workspace().build.rglob("*.wtns")) == built
    monkeypatch.delenv("ZKSOLVENCY_NATIVE")
    assert run("verify").code == 0


def test_no_file_is_left_behind(folder: Path, run: Run, temporary: Path) -> None:
    before = content(folder)
    for line in ("import", "check", "sign account.json", "policy challenge", "prove", "verify", "evm export"):
        assert run(*line.split()).code == 0
    assert list(temporary.rglob("*")) == []
    assert set(content(folder)) == set(before)
