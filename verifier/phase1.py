"""Published phase-1 ceremonies: which files they left, and how to tell that a key came from one of them.

A manifest is only a file: anybody can write ``production: true`` into one. The points alpha and beta of a key
come from the first phase alone, and nobody knows the secrets behind those of a published ceremony, so a
production key must carry them. What that cannot show is that somebody honest contributed to the second phase:
a manifest's maker is trusted for that.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from .errors import InvalidError
from .groth16 import VerificationKey

__all__ = ["Ceremony", "ceremonies", "check_phase1", "published"]

_TABLE = Path(__file__).with_name("phase1.json")


@dataclass(frozen=True)
class Ceremony:
    """A published first phase.

    Attributes
    ----------
    name
        What it is called.
    alpha, beta
        Coordinates of the points that every key from it carries.
    files
        (file name, power) of each of its prepared files by BLAKE2b-512.
    """

    name: str
    alpha: tuple[int, int]
    beta: tuple[tuple[int, int], tuple[int, int]]
    files: dict[str, tuple[str, int]]


@cache
def ceremonies() -> tuple[Ceremony, ...]:
    """The ceremonies of phase1.json, which names its sources."""
    found = []
    for entry in json.loads(_TABLE.read_text())["ceremonies"]:
        alpha = [int(number) for number in entry["alpha"]]
        beta = [(int(pair[0]), int(pair[1])) for pair in entry["beta"]]
        files = {file["blake2b_512"]: (file["file"], int(file["power"])) for file in entry["files"]}
        found.append(Ceremony(entry["name"], (alpha[0], alpha[1]), (beta[0], beta[1]), files))
    return tuple(found)


def published() -> dict[str, tuple[str, int]]:
    """(file name, power) of every published file by BLAKE2b-512."""
    return {digest: file for ceremony in ceremonies() for digest, file in ceremony.files.items()}


def check_phase1(blake2b_512: str, key: VerificationKey) -> None:
    """Check that a key which claims to come from that phase-1 file does.

    Raises
    ------
    InvalidError
        When the file is no published one, or the key's alpha and beta are not that ceremony's.
    """
    for ceremony in ceremonies():
        if blake2b_512 in ceremony.files:
            points = ((key.alpha.x, key.alpha.y), (key.beta.x, key.beta.y))
            if points != (ceremony.alpha, ceremony.beta):
                raise InvalidError(
                    f"the key says that it came from {ceremony.files[blake2b_512][0]}, and its alpha and "
                    "beta are not those of that ceremony"
                )
            return
    raise InvalidError("the key says that it is for production, and its phase-1 file is no published one")
