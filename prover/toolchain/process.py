"""Run another program: no shell, a time limit, captured output, and nothing left running.

Arguments are visible to every user of a machine, so private values never go through here as arguments.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO

from verifier.errors import EnvironmentFault

__all__ = ["Output", "Progress", "node", "npm", "quiet", "run"]

Progress = Callable[[str], None]
"""Called with one line about what is being done; never with a private value."""

_SECRET = frozenset({"ZKSOLVENCY_PASSPHRASE"})
_KEPT = 1 << 20
_SHOWN = 12
_LEAST_NODE = (20, 0)
_GRACE = 5.0


def quiet(_: str) -> None:
    """A `Progress` that says nothing."""


@dataclass(frozen=True)
class Output:
    """What a program wrote (the last mebibyte of each stream), how it ended and after how many seconds."""

    stdout: str
    stderr: str
    code: int
    seconds: float

    @property
    def tail(self) -> str:
        """The last lines of both streams, without colours: what an error message quotes."""
        text = re.sub(r"\x1b\[[0-9;]*m", "", f"{self.stdout}\n{self.stderr}")
        lines = [line.rstrip() for line in text.splitlines() if line.strip()]
        return "\n".join(lines[-_SHOWN:])


def run(
    arguments: Sequence[str | Path],
    *,
    cwd: Path,
    limit: float,
    what: str,
    mend: str = "",
    check: bool = True,
    on_line: Progress | None = None,
    environment: dict[str, str] | None = None,
    private_input: bytes | None = None,
) -> Output:
    """Run a program to its end.

    Parameters
    ----------
    arguments
        The program and its arguments; nothing private.
    cwd
        Directory to run in.
    limit
        Seconds after which the program and its children are ended.
    what
        What is being done, for messages, such as ``compiling account_solvency_8_2``.
    mend
        What a user can do when it fails.
    check
        Raise when the exit code is not 0.
    on_line
        Called with each line of standard output as it comes.
    environment
        Variables to add to the inherited ones; the passphrase of private files is not inherited.
    private_input
        Written to the program's standard input, which only it can read.

    Raises
    ------
    EnvironmentFault
        When the program is missing, ends with another code than 0, or takes too long.
    """
    started = time.monotonic()
    mend = f". {mend}" if mend else ""
    try:
        # Its own session, so that its children can be ended with it.
        process = subprocess.Popen(
            [str(argument) for argument in arguments],
            cwd=cwd,
            env={**_inherited(), **(environment or {})},
            stdin=subprocess.DEVNULL if private_input is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise EnvironmentFault(
            f"{what}: {arguments[0]} does not run ({error.strerror or error}){mend}"
        ) from None
    readers = [_Reader(process.stdout, on_line), _Reader(process.stderr, None)]
    if private_input is not None:
        threading.Thread(target=_feed, args=(process.stdin, private_input), daemon=True).start()
    try:
        process.wait(timeout=limit)
    except subprocess.TimeoutExpired:
        raise EnvironmentFault(f"{what}: took longer than {limit:.0f} s and was ended{mend}") from None
    finally:
        _end(process)
        for reader in readers:
            reader.join(_GRACE)
    output = Output(readers[0].text, readers[1].text, process.returncode, time.monotonic() - started)
    if check and output.code != 0:
        raise EnvironmentFault(f"{what}: failed (exit code {output.code}){mend}\n{output.tail}")
    return output


def _inherited() -> dict[str, str]:
    """Our variables without secrets: Node packages that others wrote run with them."""
    return {name: value for name, value in os.environ.items() if name not in _SECRET}


class _Reader(threading.Thread):
    """Drains one stream, so that a talkative program never waits for us."""

    def __init__(self, stream: IO[bytes] | None, on_line: Progress | None) -> None:
        super().__init__(daemon=True)
        self._stream = stream
        self._on_line = on_line
        self._kept: list[bytes] = []
        self._size = 0
        self.start()

    def run(self) -> None:
        """Read to the end, keeping the last mebibyte."""
        if self._stream is None:
            return
        with self._stream as stream:
            for line in iter(lambda: stream.readline(1 << 16), b""):
                self._kept.append(line)
                self._size += len(line)
                while self._size > _KEPT and len(self._kept) > 1:
                    self._size -= len(self._kept.pop(0))
                if self._on_line is not None:
                    self._on_line(line.decode("utf-8", "replace").rstrip())

    @property
    def text(self) -> str:
        """What was kept."""
        return b"".join(self._kept).decode("utf-8", "replace")


def _feed(stream: IO[bytes] | None, data: bytes) -> None:
    """Write and close; a program that ends without reading everything says so by its exit code."""
    with contextlib.suppress(OSError):
        if stream is not None:
            with stream:
                stream.write(data)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the program and what it started, if any of it still runs."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=_GRACE)
            return


@cache
def node() -> str:
    """The path of Node, 20 or newer; EnvironmentFault when there is none."""
    mend = "Install Node 20 or newer: https://nodejs.org"
    path = shutil.which("node")
    if path is None:
        raise EnvironmentFault(f"Node is not installed, and circuits and keys need it. {mend}")
    answer = run([path, "--version"], cwd=Path.cwd(), limit=30, what="asking Node for its version", mend=mend)
    match = re.match(r"v(\d+)\.(\d+)", answer.stdout)
    if match is None or (int(match[1]), int(match[2])) < _LEAST_NODE:
        raise EnvironmentFault(f"Node {answer.stdout.strip()} is too old. {mend}")
    return path


def npm() -> str:
    """The path of npm; EnvironmentFault when there is none."""
    path = shutil.which("npm")
    if path is None:
        raise EnvironmentFault(
            "npm is not installed, and it fetches the circuit compiler. It comes with Node: https://nodejs.org"
        )
    return path
