"""Where circuits, Node packages and build outputs are.

In a checkout they are in the checkout. An installed wheel carries the circuits and the lists of Node
packages; they are copied to ``$ZKSOLVENCY_HOME``, or ``~/.zksolvency``, because the circuit compiler reads
only below the directory that it runs in.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from verifier.errors import EnvironmentFault
from verifier.files import write_atomic

from .process import Progress, npm, quiet, run

__all__ = ["Workspace", "workspace"]

_PACKAGE_FILES = ("package.json", "package-lock.json")
_NPM_LIMIT = 900.0
_HERE = Path(__file__).resolve().parents[1]
_CHECKOUT = _HERE.parent
_PACKAGED = _HERE / "data"


@dataclass(frozen=True)
class Workspace:
    """The directory that everything is built in."""

    root: Path

    @property
    def circuits(self) -> Path:
        """Circuit sources."""
        return self.root / "circuits"

    @property
    def node_modules(self) -> Path:
        """Node packages."""
        return self.root / "node_modules"

    @property
    def build(self) -> Path:
        """Build outputs; safe to delete."""
        return self.root / "build"

    @property
    def compiled(self) -> Path:
        """Compiled circuits, one directory an instance."""
        return self.build / "circuits"

    @property
    def keys(self) -> Path:
        """Keys, one directory each: the default key store of provers and verifiers."""
        return self.build / "keys"

    def package_version(self, name: str) -> str:
        """The version of an installed Node package; EnvironmentFault when it is missing."""
        manifest = self.node_modules / name / "package.json"
        try:
            return str(json.loads(manifest.read_text())["version"])
        except (OSError, ValueError, KeyError):
            raise EnvironmentFault(
                f"the Node package {name} is missing. Run: zksolvency setup (or npm ci in {self.root})"
            ) from None

    def prepare(self, progress: Progress = quiet) -> None:
        """Bring the sources and the Node packages here, where they are missing or of another version.

        Raises
        ------
        EnvironmentFault
            When npm is missing or fails, or the disk refuses.
        """
        with self.lock("prepare"):
            if self.root != _CHECKOUT:
                self._copy_sources()
            if (self.node_modules / "circom2" / "package.json").is_file() and self._packages_current():
                return
            progress("installing the Node packages (npm ci)")
            # A checkout keeps its analysers, which are development packages.
            omitted = [] if self.root == _CHECKOUT else ["--omit=dev"]
            run(
                [npm(), "ci", *omitted, "--no-audit", "--no-fund", "--loglevel=error"],
                cwd=self.root,
                limit=_NPM_LIMIT,
                what="installing the Node packages",
                mend="Check the network and the npm registry's settings, then try again",
            )
            write_atomic(self._stamp, self._lock_hash())

    @contextlib.contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Keep other processes from building the same thing at the same time."""
        path = self.build / "locks" / f"{name}.lock"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            stream = path.open("w")
        except OSError as error:
            raise EnvironmentFault(f"{path}: cannot be written ({error.strerror or error})") from None
        with stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            yield

    @property
    def _stamp(self) -> Path:
        return self.node_modules / ".zksolvency-lock"

    def _lock_hash(self) -> str:
        return hashlib.sha256((self.root / "package-lock.json").read_bytes()).hexdigest()

    def _packages_current(self) -> bool:
        """Whether node_modules came from this lock file; a linked one is its owner's business."""
        if self.root == _CHECKOUT or self.node_modules.is_symlink():
            return True
        return self._stamp.is_file() and self._stamp.read_text() == self._lock_hash()

    def _copy_sources(self) -> None:
        source = _source()
        for name in _PACKAGE_FILES:
            _copy(source / name, self.root / name)
        circuits = source / "circuits"
        for file in sorted(circuits.rglob("*")):
            if file.is_file():
                _copy(file, self.circuits / file.relative_to(circuits))


def workspace() -> Workspace:
    """The workspace in use; nothing is created before `Workspace.prepare`."""
    chosen = os.environ.get("ZKSOLVENCY_HOME")
    if chosen:
        return Workspace(Path(chosen).expanduser().resolve())
    if _is_checkout():
        return Workspace(_CHECKOUT)
    return Workspace(Path.home() / ".zksolvency")


def _is_checkout() -> bool:
    return (_CHECKOUT / "circuits" / "circuits.json").is_file() and (_CHECKOUT / "package.json").is_file()


def _source() -> Path:
    return _CHECKOUT if _is_checkout() else _PACKAGED


def _copy(source: Path, target: Path) -> None:
    data = source.read_bytes()
    if not target.is_file() or target.read_bytes() != data:
        write_atomic(target, data)
