"""Write files so that a crash, a full disk or a kill never leaves half of one behind."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from .errors import EnvironmentFault

__all__ = ["write_atomic", "write_json"]

_PUBLIC_MODE = 0o644
_PRIVATE_MODE = 0o600


def write_atomic(path: str | Path, data: bytes | str, private: bool = False) -> None:
    """Write `data` to a new file beside `path`, then put it in place of `path` in one step.

    Until the last step the old file is untouched; a failed write leaves no new file.

    Parameters
    ----------
    path
        The file; its directory is created when missing.
    data
        Bytes, or text to be written as UTF-8.
    private
        Readable and writable by the owner alone (0600), from the first byte on.

    Raises
    ------
    EnvironmentFault
        When the directory or the disk refuses; the old file is intact.
    """
    path = Path(path)
    content = data.encode("utf-8") if isinstance(data, str) else data
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # mkstemp opens with 0600, so a private file is never readable by others, not even for a moment.
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
        temporary = Path(name)
        with os.fdopen(handle, "wb") as stream:
            os.fchmod(stream.fileno(), _PRIVATE_MODE if private else _PUBLIC_MODE)
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
        temporary = None
        _sync_directory(path.parent)
    except OSError as error:
        raise EnvironmentFault(f"{path}: cannot be written ({error.strerror or error})") from None
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                temporary.unlink()


def write_json(path: str | Path, obj: Any, private: bool = False) -> None:
    """Write `obj` as indented JSON, atomically; see `write_atomic`."""
    write_atomic(path, json.dumps(obj, indent=2, ensure_ascii=False, allow_nan=False) + "\n", private)


def _sync_directory(directory: Path) -> None:
    """Make the rename itself durable where the system lets a directory be synced."""
    with contextlib.suppress(OSError):
        handle = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
