"""What changed between two market snapshots: prices, bands, listings, rules, rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from verifier.errors import FormatError
from verifier.market import Snapshot
from verifier.numbers import parse_decimal

__all__ = ["Change", "differences"]

_HEAD = ("level", "layout", "epoch", "time", "valid_until")
_NAMES = ("name", "venue", "quote", "period")
_FEED = ("kind", "underlying", "price", "low", "high")
_LISTING = ("kind", "underlying", "lot", "expiry", "strike", "option_type", "retired")


@dataclass(frozen=True)
class Change:
    """One thing that is not the same.

    Attributes
    ----------
    part
        ``snapshot``, ``universe``, ``listing``, ``feed``, ``frozen``, ``node``, ``parameter`` or ``row``.
    name
        Which one: a feed's or instrument's id, a node's place; empty for the snapshot itself.
    member
        What of it; empty when the whole thing came or went.
    before, after
        As in the files; None where there is none.
    """

    part: str
    name: str
    member: str
    before: Any
    after: Any

    @property
    def relative(self) -> Fraction | None:
        """after / before − 1, where both are numbers and the first is not 0."""
        old, new = _number(self.before), _number(self.after)
        return None if old is None or new is None or old == 0 else new / old - 1

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values; the relative change as a decimal number for people."""
        change = self.relative
        return {
            "part": self.part,
            "name": self.name,
            "member": self.member,
            "before": self.before,
            "after": self.after,
            **({"relative": float(change)} if change is not None else {}),
        }


def differences(before: Snapshot, after: Snapshot) -> list[Change]:
    """Everything but signatures in which two snapshots differ, causes before what follows from them."""
    return [
        *_members("snapshot", "", _plain(before, _HEAD), _plain(after, _HEAD)),
        *_members("universe", "", _plain(before.universe, _NAMES), _plain(after.universe, _NAMES)),
        *_things("listing", _listings(before), _listings(after)),
        *_things("feed", _feeds(before), _feeds(after)),
        *_words(before.frozen, after.frozen),
        *_things("node", _nodes(before), _nodes(after)),
        *_parameters(before, after),
        *_things("row", _rows(before), _rows(after)),
    ]


def _plain(value: Any, names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(value, name) for name in names}


def _listings(snapshot: Snapshot) -> dict[str, dict[str, Any]]:
    return {each.id: _plain(each, _LISTING) for each in snapshot.universe.instruments}


def _feeds(snapshot: Snapshot) -> dict[str, dict[str, Any]]:
    return {each.id: _plain(each, _FEED) for each in snapshot.feeds}


def _nodes(snapshot: Snapshot) -> dict[str, dict[str, Any]]:
    return {
        f"{place + 1}": {"corner": each.corner, "stress": each.stress}
        for place, each in enumerate(snapshot.nodes)
    }


def _rows(snapshot: Snapshot) -> dict[str, dict[str, Any]]:
    """Columns of every row, by instrument; lists are flattened, so that one number is one change."""
    found = {}
    for entry in snapshot.rows:
        columns: dict[str, Any] = {}
        for name, value in entry.to_json().items():
            if name != "index":
                columns |= dict(_leaves(name, value))
        found[snapshot.universe.instruments[entry.index].id] = columns
    return found


def _members(part: str, name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    for member in [*before, *(key for key in after if key not in before)]:
        if before.get(member) != after.get(member):
            yield Change(part, name, member, before.get(member), after.get(member))


def _things(
    part: str, before: Mapping[str, Mapping[str, Any]], after: Mapping[str, Mapping[str, Any]]
) -> Iterator[Change]:
    for name in before:
        if name not in after:
            yield Change(part, name, "", "there", None)
    for name in after:
        if name not in before:
            yield Change(part, name, "", None, "there")
        else:
            yield from _members(part, name, before[name], after[name])


def _words(before: Sequence[str], after: Sequence[str]) -> Iterator[Change]:
    for word in before:
        if word not in after:
            yield Change("frozen", word, "", "there", None)
    for word in after:
        if word not in before:
            yield Change("frozen", word, "", None, "there")


def _parameters(before: Snapshot, after: Snapshot) -> Iterator[Change]:
    """A model's name, version and every parameter; lists of instruments are told by id."""
    yield from _members("parameter", "", dict(_stated(before)), dict(_stated(after)))


def _stated(snapshot: Snapshot) -> Iterator[tuple[str, Any]]:
    model = snapshot.model
    if model is None:
        return
    yield "model", f"{model.name} {model.version}"
    for name, value in model.parameters.items():
        if name == "instruments" and isinstance(value, list):
            for instrument, rule in zip(snapshot.universe.instruments, value, strict=False):
                yield from _leaves(instrument.id, rule)
        else:
            yield from _leaves(name, value)


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _leaves(f"{path}.{key}", each)
    elif isinstance(value, list):
        for place, each in enumerate(value):
            named = each.get("id") or each.get("name") if isinstance(each, dict) else None
            yield from _leaves(f"{path}[{named or place}]", each)
    else:
        yield path, value


def _number(value: Any) -> Fraction | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return Fraction(value)
    if isinstance(value, str):
        try:
            return parse_decimal(value)
        except FormatError:
            return None
    return None
