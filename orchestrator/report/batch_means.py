"""Figures of a market over blocks of rounds: non-overlapping batch means.

Source: Law (2015), Simulation modeling and analysis, section 9.5.3.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from market.money import usd
from orchestrator.analysis.columns import Columns, columns_of, missing, where
from orchestrator.analysis.metrics import METRICS, Metric
from orchestrator.analysis.served_chat import served_chat
from orchestrator.analysis.served_work import served_work
from orchestrator.report.round_axis import Floats
from orchestrator.scenario.model import Scenario

#: A comparison of fewer blocks says too little of how much they scatter.
FEWEST_BLOCKS = 10

_PER_ROUND = "USD per round"

#: What is known of a block; sums are told by the round, so that they do not depend on its length.
BLOCK_METRICS: dict[str, Metric] = {
    **{
        name: replace(METRICS[name], unit=_PER_ROUND)
        for name in (
            "chat_welfare_usd",
            "client_surplus_usd",
            "provider_surplus_usd",
            "hub_kept_usd",
        )
    },
    **{name: METRICS[name] for name in ("served_share", "hit_rate", "ttft_mean_s")},
    **{
        name: replace(METRICS[name], unit=_PER_ROUND)
        for name in ("workflow_paid_usd", "workflow_true_cost_usd")
    },
}


@dataclass(frozen=True)
class Blocks:
    """``count`` blocks of ``width`` rounds with demand in each trial; rounds behind them are left.

    Everything counts in the block in which it was asked, whenever it ended.
    """

    trials: int
    count: int
    width: int
    round_s: float

    @classmethod
    def of(cls, scenario: Scenario) -> Blocks | None:
        """As long as they can be if there are to be enough; None where rounds are too few."""
        width = scenario.rounds // FEWEST_BLOCKS
        if not width:
            return None
        return cls(scenario.trials, scenario.rounds // width, width, scenario.round_s)

    @property
    def all(self) -> int:
        """How many there are in all trials."""
        return self.trials * self.count

    def total(self, asked: Columns, values: npt.NDArray[np.generic] | None = None) -> Floats:
        """(all,) the sum of ``values`` in each block, or the number of rows.

        Args:
            asked: with columns ``trial`` and ``arrival_s``, (n,) each.
            values: (n,).
        """
        counted = np.ones(len(asked["trial"])) if values is None else values.astype(np.float64)
        round_ = np.maximum(np.ceil(asked["arrival_s"] / self.round_s), 1).astype(np.int64)
        inside = round_ <= self.count * self.width
        block = asked["trial"] * self.count + (round_ - 1) // self.width
        return np.bincount(block[inside], counted[inside], self.all).astype(np.float64)


def batch_means(run: Path, blocks: Blocks) -> dict[str, Floats]:
    """Each of ``BLOCK_METRICS`` in each block, (all,); NaN where there is nothing of its kind.

    Raises:
        BadInput: a part of the log is missing.
    """
    return {**_chat(run, blocks), **_workflows(run, blocks)}


def _chat(run: Path, blocks: Blocks) -> dict[str, Floats]:
    asked = columns_of(run, "requests", "trial", "arrival_s", "status")
    asked = where(asked, asked["status"] != "reauctioned")
    served = served_chat(run)
    value, cost = served["realized_value_nano"], served["realized_cost_nano"]
    paid, received = served["client_paid_nano"], served["provider_received_nano"]
    requests, answers = blocks.total(asked), blocks.total(served)
    known = where(served, ~missing(served["cached_tokens"]))
    cached, prompts = (
        blocks.total(known, known[f"{kind}_tokens"]) for kind in ("cached", "prompt")
    )
    nano = {
        "chat_welfare_usd": value - cost,
        "client_surplus_usd": value - paid,
        "provider_surplus_usd": received - cost,
        "hub_kept_usd": served["hub_kept_nano"],
    }
    return {
        **{
            name: _per_round(blocks, requests, blocks.total(served, amounts))
            for name, amounts in nano.items()
        },
        "served_share": _ratio(answers, requests),
        "hit_rate": _ratio(cached, prompts),
        "ttft_mean_s": _ratio(blocks.total(served, served["ttft_s"]), answers),
    }


def _workflows(run: Path, blocks: Blocks) -> dict[str, Floats]:
    asked = columns_of(run, "workflows", "trial", "workflow", "arrival_s", "status")
    arrival_s = dict(
        zip(zip(asked["trial"], asked["workflow"], strict=True), asked["arrival_s"], strict=True)
    )
    work = served_work(run)
    trial, workflow = work["trial"].to_numpy(), work["request"].to_pylist()
    found = [arrival_s[key] for key in zip(trial, workflow, strict=True)]
    done = {"trial": trial, "arrival_s": np.array(found, dtype=np.float64)}
    paid, cost = work["client_paid_nano"].to_numpy(), work["done_cost_nano"].to_numpy()
    workflows = blocks.total(asked)
    return {
        "workflow_paid_usd": _per_round(blocks, workflows, blocks.total(done, paid)),
        "workflow_true_cost_usd": _per_round(blocks, workflows, blocks.total(done, cost)),
    }


def _per_round(blocks: Blocks, asked: Floats, nano: Floats) -> Floats:
    """USD per round; NaN everywhere in a run in which nothing was asked."""
    amounts: Floats = usd(nano) / blocks.width
    return amounts if asked.any() else np.full(len(amounts), np.nan)


def _ratio(part: Floats, whole: Floats) -> Floats:
    """Block by block; NaN where the whole is nothing."""
    ratio = np.full(len(part), np.nan)
    np.divide(part, whole, out=ratio, where=whole > 0)
    return ratio
