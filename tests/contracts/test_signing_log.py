"""A publisher signs one snapshot of an epoch, and none of one before it: two stories halt a universe."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from prover.evm.signing_log import admit, signing_log
from prover.evm.snapshot import BandEntry, ChainSnapshot, RootSignature, SnapshotPart
from verifier.errors import EnvironmentFault, InvalidError

ORACLE = "0x" + "11" * 20


def story(epoch: int = 5, oracle: str = ORACLE, **changed: Any) -> ChainSnapshot:
    part: dict[str, Any] = {
        "market_root": 7,
        "snapshot": 8,
        "universe": 9,
        "layout": 10,
        "level": 1,
        "epoch": epoch,
        "time": 1_700_000_000,
        "valid_until": 1_700_000_600,
        "bands": (BandEntry(feed="BTC-mark", low=1, high=2),),
    }
    return ChainSnapshot(chain="eip155:1", oracle=oracle, snapshot=SnapshotPart(**{**part, **changed}))


def test_the_same_again_and_newer_epochs_are_admitted(tmp_path: Path) -> None:
    log = tmp_path / "log.sqlite"
    first = story()
    admit(log, first)
    admit(log, first)
    # Others' signatures make it no other story.
    admit(log, first.model_copy(update={"signatures": (RootSignature(signer=ORACLE, signature="00" * 65),)}))
    admit(log, story(6))


@pytest.mark.parametrize(
    "other",
    [
        story(market_root=6),
        story(snapshot=6),
        story(time=1_700_000_001),
        story(valid_until=1_700_000_601),
        story(bands=(BandEntry(feed="BTC-mark", low=1, high=3),)),
        story(4),
    ],
)
def test_a_second_story_is_refused(tmp_path: Path, other: ChainSnapshot) -> None:
    log = tmp_path / "log.sqlite"
    admit(log, story())
    with pytest.raises(InvalidError, match="Publish a snapshot of epoch 6"):
        admit(log, other)
    admit(log, story())


def test_a_link_to_a_key_has_the_keys_log(tmp_path: Path) -> None:
    key, link = tmp_path / "keys" / "one.json", tmp_path / "other.json"
    key.parent.mkdir()
    key.write_text("{}")
    link.symlink_to(key)
    assert signing_log(link, ORACLE) == signing_log(key, ORACLE)


def test_series_count_apart(tmp_path: Path) -> None:
    log = tmp_path / "log.sqlite"
    for one in (
        story(),
        story(1, "0x" + "22" * 20),
        story(1, universe=1),
        story(1, layout=1),
        story(1, level=2),
    ):
        admit(log, one)


def test_of_many_at_once_one_story_is_admitted(tmp_path: Path) -> None:
    log = tmp_path / "log.sqlite"

    def attempt(root: int) -> bool:
        try:
            admit(log, story(market_root=root))
        except InvalidError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(1, 25))) == 1


def test_a_log_that_is_none(tmp_path: Path) -> None:
    log = signing_log(tmp_path / "publisher-evm.json", ORACLE)
    assert log == tmp_path.resolve() / f"{ORACLE}.signed.sqlite"
    log.write_text("no database, and longer than its header would be" * 4)
    with pytest.raises(EnvironmentFault, match="cannot be used"):
        admit(log, story())
