"""What a valid proof does not say, in plain sentences: as much a part of the verdict as VALID is."""

from __future__ import annotations

from collections.abc import Iterator

from .checks import Case
from .errors import ZkSolvencyError
from .statement import ratio_to_text

__all__ = ["sentences"]


def sentences(case: Case) -> Iterator[str]:
    """The limits of this proof under this policy."""
    terms, market = case.bundle.statement.terms, case.bundle.market
    if case.attestor is None:
        yield "Self-declared: nobody whom the policy names vouches that the account exists or is complete."
    else:
        yield f"The account is as {case.attestor} signed it: money borrowed for the day does not show."
    if _forgeable(case):
        yield "The key is a development key: whoever made it can prove anything."
    if case.bundle.statement.mandate is not None:
        yield "Nothing is said of a margin requirement: the account may be near liquidation."
        yield "Greeks are those at the snapshot's own prices; a band says only when prices have left it."
        yield "Limits are of each underlying on its own: nothing is said of how underlyings move together."
    yield f"Nothing is said of withdrawals, transfers and trades after as_of {terms.as_of}."
    if terms.coverage == "account":
        yield "Other accounts of the same owner, here and elsewhere, are not covered."
    else:
        yield "The owner's accounts elsewhere are not covered."
    yield "Debts off the venue's books are not covered."
    yield "Open orders count only if the attestor stated worst-case sizes."
    moving = [feed.id for feed in market.feeds if feed.moves]
    if case.bundle.statement.mandate is not None:
        pass
    elif moving:
        yield f"It holds while every price is inside its band, until {market.valid_until}; not outside."
    else:
        yield "It holds at the snapshot's own prices only: the bands have no width."
    if terms.ratio:
        ratio = ratio_to_text(terms.ratio)
        yield f"The ratio {ratio} holds at the snapshot's marks; across the bands, ratio 1 does."
    if market.frozen:
        yield f"Taken as unchanging, without a band: {', '.join(market.frozen)}."
    if case.prices is None:
        yield "Live prices were not compared with the bands."
    if case.replay is None:
        yield "Without a replay store, the same bundle would be accepted again."


def _forgeable(case: Case) -> bool:
    try:
        return not case.key.manifest.production
    except ZkSolvencyError:
        return True
