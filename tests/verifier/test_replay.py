"""The store of accepted proofs: once, also when two verifiers share it."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from verifier.errors import EnvironmentFault
from verifier.field import R
from verifier.replay import ReplayStore


def test_once_across_sessions(tmp_path: Path) -> None:
    path = tmp_path / "below" / "seen.sqlite"
    with ReplayStore(path) as store:
        assert not store.seen(1, 2, 3, 4, renewable=False)
        assert store.record(1, 2, 3, 4, renewable=False, now=5)
    with ReplayStore(path) as store:
        assert store.seen(1, 2, 3, 4, renewable=False)
        assert not store.record(1, 2, 9, 9, renewable=False, now=5)
        assert not store.seen(1, 3, 3, 4, renewable=False)
        assert not store.seen(2, 2, 3, 4, renewable=False)


@pytest.mark.parametrize(
    ("epoch", "as_of", "newer"), [(3, 4, False), (3, 3, False), (2, 9, False), (3, 5, True), (4, 0, True)]
)
def test_only_newer_replaces(epoch: int, as_of: int, newer: bool) -> None:
    with ReplayStore(":memory:") as store:
        assert store.record(1, 2, 3, 4, renewable=True, now=5)
        assert store.seen(1, 2, epoch, as_of, renewable=True) is not newer
        assert store.record(1, 2, epoch, as_of, renewable=True, now=6) is newer


def test_whole_field_elements_are_told_apart() -> None:
    with ReplayStore(":memory:") as store:
        assert store.record(R - 1, R - 2, 0, 0, renewable=False, now=0)
        assert not store.seen(R - 2, R - 1, 0, 0, renewable=False)
        assert store.seen(R - 1, R - 2, 0, 0, renewable=False)


def test_many_at_once_record_once(tmp_path: Path) -> None:
    path = tmp_path / "seen.sqlite"
    ReplayStore(path).close()
    won: list[bool] = []

    def accept() -> None:
        with ReplayStore(path) as store:
            won.append(store.record(1, 2, 3, 4, renewable=False, now=5))

    threads = [threading.Thread(target=accept) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == [False] * 7 + [True]


def test_a_failed_write_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "seen.sqlite"
    ReplayStore(path).close()
    with sqlite3.connect(path) as database:
        database.execute(
            "CREATE TRIGGER full BEFORE INSERT ON accepted BEGIN SELECT RAISE(FAIL, 'disk full'); END"
        )
    with ReplayStore(path) as store:
        with pytest.raises(EnvironmentFault, match="disk full"):
            store.record(1, 2, 3, 4, renewable=False, now=5)
        assert not store.seen(1, 2, 3, 4, renewable=False)


def test_a_store_that_cannot_be_opened(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for path in (tmp_path / "file" / "below", tmp_path):
        with pytest.raises(EnvironmentFault, match="replay store"):
            ReplayStore(path)
