"""The public priors in the log: what bids carry becomes rows, and rows become priors again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from market.fields import Fields
from market.messages import Bid
from market.workflow import PRIORS, Prior
from orchestrator.log.tables import PriorRow


class PriorNumbers:
    """The number of every prior that is carried by the bids of one round.

    Equal priors have one number, in the order of the bids. What a provider is believed to cost is
    the same prior in all rounds of a trial, so each round numbers them alike.
    """

    def __init__(self, bids: Sequence[Bid]):
        self._of_object: dict[int, int] = {}
        self._priors: list[Prior] = []
        for bid in bids:
            if bid.prior is not None and id(bid.prior) not in self._of_object:
                if bid.prior not in self._priors:
                    self._priors.append(bid.prior)
                self._of_object[id(bid.prior)] = self._priors.index(bid.prior)

    def of(self, bid: Bid) -> int | None:
        """The number of a bid's prior; None where it is uniform."""
        return None if bid.prior is None else self._of_object[id(bid.prior)]

    def rows(self, at: tuple[int, int]) -> Iterator[PriorRow]:
        """All of them; ``at`` is trial and round."""
        own = PriorRow._fields[PriorRow._fields.index("low") :]
        for number, prior in enumerate(self._priors):
            stated: dict[str, Any] = {name: getattr(prior, name, None) for name in own}
            yield PriorRow(*at, prior=number, kind=kind_of(prior), **stated)


def kind_of(prior: Prior) -> str:
    """The name of a prior's kind in files."""
    return next(kind for kind, one in PRIORS.items() if isinstance(prior, one))


def logged_prior(row: Mapping[str, Any]) -> Prior:
    """The prior of a row of ``priors``."""
    stated = {key: value for key, value in row.items() if value is not None}
    return PRIORS[row["kind"]].read(Fields(stated, f"priors.{row['prior']}"))
