"""Which rule of a circuit failed: from the template and line that the witness generator names to the numbered
comment above that line.

Circuit sources number their steps in comments, ``// 7. Each position's row ...``; a witness generator stops
with the templates and lines from the failing one outwards. Neither knows a value.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Place", "failed_rule", "places"]

_PLACE = re.compile(r"Error in template ([A-Za-z_$][\w$]*?)_\d+ line: (\d+)")
_TEMPLATE = re.compile(r"^\s*template\s+(?:custom\s+|parallel\s+)?([A-Za-z_$][\w$]*)\s*\(", re.MULTILINE)
_STEP = re.compile(r"^\s*//\s*(\d+)\.\s+(\S.*)$")
_COMMENT = re.compile(r"^\s*//\s*(\S.*)$")


@dataclass(frozen=True)
class Place:
    """A line of a template."""

    template: str
    line: int


@dataclass(frozen=True)
class _Step:
    template: str
    number: int
    text: str

    def __str__(self) -> str:
        return f"{self.template} step {self.number} ({self.text})"


def places(message: str) -> list[Place]:
    """The places that a witness generator's message names, the innermost first."""
    return [Place(template, int(line)) for template, line in _PLACE.findall(message)]


def failed_rule(found: Sequence[Place], folders: Iterable[Path]) -> str:
    """The failed rule: ``Solvency step 9 (Addon) failed, in Bracket step 3 (The bounds), at Bits line 5``.

    Parameters
    ----------
    found
        Places, the innermost first.
    folders
        Where sources are, the project's own first.
    """
    if not found:
        return "a rule of the circuit failed; the witness generator does not say which"
    folders = list(folders)
    sources = _sources({place.template for place in found}, folders)
    steps = [_step(place, sources[place.template]) for place in found if place.template in sources]
    named = [step for step in steps if step is not None]
    own = _sources({place.template for place in found}, folders[:1])
    at = " ← ".join(f"{each.template} line {each.line}" for each in found if each.template in own)
    at = at or f"{found[0].template} line {found[0].line}"
    if not named:
        return f"the rule at {at} failed"
    outer, inner = named[-1], named[0]
    inside = f", in {inner}" if inner != outer else ""
    return f"{outer} failed{inside}, at {at}"


def _sources(templates: set[str], folders: Iterable[Path]) -> dict[str, list[str]]:
    """The lines of the file that defines each template."""
    found: dict[str, list[str]] = {}
    for file in _files(folders):
        text = file.read_text()
        for name in _TEMPLATE.findall(text):
            if name in templates:
                found.setdefault(name, text.splitlines())
        if len(found) == len(templates):
            break
    return found


def _files(folders: Iterable[Path]) -> Iterator[Path]:
    for folder in folders:
        yield from sorted(folder.rglob("*.circom"))


def _step(place: Place, lines: list[str]) -> _Step | None:
    """The last numbered comment between the template's start and the line."""
    for at in range(min(place.line, len(lines)) - 1, -1, -1):
        step = _STEP.match(lines[at])
        if step is not None:
            return _Step(place.template, int(step[1]), _sentence([step[2], *_continued(lines[at + 1 :])]))
        if _TEMPLATE.match(lines[at]):
            return None
    return None


def _continued(lines: list[str]) -> Iterator[str]:
    for line in lines:
        comment = _COMMENT.match(line)
        if comment is None or _STEP.match(line):
            return
        yield comment[1]


def _sentence(parts: Iterable[str]) -> str:
    """The first sentence, without its full stop."""
    text = " ".join(part.strip() for part in parts)
    return re.split(r"[.;](?:\s|$)", text, maxsplit=1)[0]
