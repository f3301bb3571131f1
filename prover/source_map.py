"""Where a constraint stands in the circuits' source: from signals' paths in a sym file to template and line.

A sym file names signals by their component's path, such as ``main.slot[0].Bounded_40_1495.bits.out[3]``. A
step of such a path is a named component, whose template is found where the parent's source makes it, or an
anonymous one, which circom calls by its template, the line that makes it and an offset.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Place", "SourceMap", "innermost"]

_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_TEMPLATE = re.compile(r"\btemplate\s+(?:custom\s+|parallel\s+)*(\w+)\s*\(")
_MAIN = re.compile(r"\bcomponent\s+main\b[^=]*=\s*(\w+)\s*\(")
_ANONYMOUS = re.compile(r"(\w+)_(\d+)_(\d+)")
_INDEXES = re.compile(r"\[[^\]]*\]")
_CONSTRAINS = ("===", "<==", "==>")
_ROOT = "main"


@dataclass(frozen=True)
class Place:
    """A line of a template.

    Attributes
    ----------
    template
        The template's name.
    file
        Name of its file.
    line
        From 1: the statement that constrains the signals asked for, or the template's first line.
    """

    template: str
    file: str
    line: int

    def __str__(self) -> str:
        return f"template {self.template}, {self.file}:{self.line}"


@dataclass(frozen=True)
class _Template:
    name: str
    file: str
    line: int
    body: str
    body_line: int

    def statements(self) -> Iterator[tuple[int, str]]:
        """(line, text) of every statement; braces part statements, too."""
        start = 0
        for end in (match.end() for match in re.finditer(r"[;{}]", self.body)):
            text = self.body[start:end]
            line = self.body_line + self.body.count("\n", 0, start + len(text) - len(text.lstrip()))
            yield line, text
            start = end


class SourceMap:
    """The templates that a main is made of.

    Parameters
    ----------
    main
        Source of the main component.
    files
        Every source file that it includes, however deep, the main itself too.
    """

    def __init__(self, main: Path, files: Iterable[Path]) -> None:
        self._templates: dict[str, _Template] = {}
        for file in files:
            for template in _templates(file):
                self._templates.setdefault(template.name, template)
        found = _MAIN.search(_bare(main.read_text()))
        self._main = self._templates.get(found[1]) if found else None

    def place(self, component: str, signals: Sequence[str]) -> Place | None:
        """The line in a component's template that constrains these signals.

        Parameters
        ----------
        component
            Path, such as ``main.slot[0]``.
        signals
            Full names of signals in it or in its parts.

        Returns
        -------
        Place or None
            None when the sources do not have the main's template. A step that the sources do not explain ends
            the walk, and the last template known is named.
        """
        here, path = self._main, _ROOT
        if here is None:
            return None
        for step in component.split(".")[1:]:
            inner = self._inner(here, _INDEXES.sub("", step))
            if inner is None:
                break
            here, path = inner, f"{path}.{step}"
        return Place(here.name, here.file, _line(here, _steps(path, signals)))

    def _inner(self, outer: _Template, step: str) -> _Template | None:
        anonymous = _ANONYMOUS.fullmatch(step)
        if anonymous and anonymous[1] in self._templates:
            return self._templates[anonymous[1]]
        made = re.findall(
            rf"\b{re.escape(step)}\s*(?:\[[^\]]*\]\s*)*=\s*(?:parallel\s+)?(\w+)\s*\(", outer.body
        )
        names = {name for name in made if name in self._templates}
        return self._templates[names.pop()] if len(names) == 1 else None


def _steps(path: str, signals: Sequence[str]) -> set[str]:
    """What the component at `path` calls these signals: its own names, and those of its parts."""
    inside = (name.removeprefix(f"{path}.") for name in signals if name.startswith(f"{path}."))
    return {_INDEXES.sub("", name.split(".", 1)[0]) for name in inside}


def _line(template: _Template, names: set[str]) -> int:
    """The statement that mentions most of the names, constraining ones first; else the template's line."""
    lines = {int(match[2]) for match in map(_ANONYMOUS.fullmatch, names) if match}
    best, found = (0, False), template.line
    for line, text in template.statements():
        span = range(line, line + text.strip().count("\n") + 1)
        words = set(re.findall(r"\w+", text))
        score = len(names & words) + sum(each in span for each in lines)
        constrains = any(operator in text for operator in _CONSTRAINS)
        if score and (score, constrains) > best:
            best, found = (score, constrains), line
    return found


def _templates(file: Path) -> Iterator[_Template]:
    text = _bare(file.read_text())
    newlines = [match.start() for match in re.finditer("\n", text)]
    for match in _TEMPLATE.finditer(text):
        start = text.find("{", match.end())
        if start < 0:
            continue
        depth, end = 0, len(text)
        for brace in re.finditer(r"[{}]", text[start:]):
            depth += 1 if brace[0] == "{" else -1
            if depth == 0:
                end = start + brace.end() - 1
                break
        yield _Template(
            name=match[1],
            file=file.name,
            line=bisect_right(newlines, match.start()) + 1,
            body=text[start + 1 : end],
            body_line=bisect_right(newlines, start) + 1,
        )


def _bare(text: str) -> str:
    """Source without comments, each line where it was."""
    return _COMMENT.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)


def innermost(names: Mapping[int, Sequence[str]]) -> tuple[str, tuple[str, ...]]:
    """The deepest component that sees every wire of a constraint, and what the wires are called there.

    Parameters
    ----------
    names
        All names of each wire: a wire that is passed down has one in every component that it reaches.

    Returns
    -------
    tuple
        Path of the component; ``main`` when none sees all (a constraint that optimisation put together). Then
        the names by which it sees them, or any.
    """
    named = {wire: called for wire, called in names.items() if any("." in name for name in called)}
    nameless = [called[0] for wire, called in names.items() if wire not in named and called]
    seen: dict[str, dict[int, str]] = {}
    for wire, called in named.items():
        for name in called:
            parts = name.split(".")
            # A component sees its own signals and those of its parts.
            for path in (".".join(parts[:-1]), ".".join(parts[:-2])):
                if path:
                    seen.setdefault(path, {}).setdefault(wire, name)
    whole = [path for path, wires in seen.items() if len(wires) == len(named)]
    if whole:
        best = max(whole, key=lambda path: (path.count("."), path))
        return best, tuple(sorted([*seen[best].values(), *nameless]))
    first = [called[0] for called in named.values()]
    return _common(first), tuple(sorted([*first, *nameless]))


def _common(signals: Sequence[str]) -> str:
    paths = [name.split(".")[:-1] for name in signals]
    common = []
    for steps in zip(*paths, strict=False):
        if len(set(steps)) > 1:
            break
        common.append(steps[0])
    return ".".join(common) or _ROOT
