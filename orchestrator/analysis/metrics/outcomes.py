"""What came of a market: welfare and who had it, what was served, caches, waiting, payments."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from market.messages import CHAT
from market.money import usd
from orchestrator.analysis.columns import Columns, columns_of, missing, where
from orchestrator.analysis.logged_run import LoggedRun
from orchestrator.analysis.metrics.metric import Family, Measured, Metric, over
from orchestrator.analysis.served_chat import served_chat
from orchestrator.analysis.served_work import served_work

METRICS = {
    "chat_welfare_usd": Metric(
        "chat welfare",
        "USD",
        "higher",
        "true value of the answers less what serving them truly cost, over served chat requests",
    ),
    "chat_reported_welfare_usd": Metric(
        "chat welfare as predicted",
        "USD",
        None,
        "predicted value by the clients' reports less predicted cost at the bids, over all chat "
        "awards: what clearings maximise",
    ),
    "client_surplus_usd": Metric(
        "client surplus", "USD", "higher", "true value of the answers less what clients paid"
    ),
    "provider_surplus_usd": Metric(
        "provider surplus, chat",
        "USD",
        "higher",
        "what providers received for chat less what it truly cost them",
    ),
    "hub_kept_usd": Metric(
        "hubs kept",
        "USD",
        None,
        "paid by clients less received by providers; below 0 a deficit",
    ),
    "client_share": Metric(
        "clients' share", "share", None, "client surplus over chat welfare, where that is above 0"
    ),
    "provider_share": Metric(
        "providers' share",
        "share",
        None,
        "provider surplus of chat over chat welfare, where that is above 0",
    ),
    "hub_share": Metric(
        "hubs' share", "share", None, "what hubs kept over chat welfare, where that is above 0"
    ),
    "served_share": Metric(
        "requests served",
        "share",
        "higher",
        "chat requests whose answer came, of those that ended; a second auction is no new request",
    ),
    "failed_share": Metric(
        "requests failed",
        "share",
        "lower",
        "chat requests that failed for good, of those that ended",
    ),
    "workflow_served_share": Metric(
        "workflows served", "share", "higher", "workflows that were done, of those that ended"
    ),
    "workflow_failed_share": Metric(
        "workflows failed", "share", "lower", "workflows that failed for good, of those that ended"
    ),
    "hit_rate": Metric(
        "cache hit rate",
        "share",
        "higher",
        "prompt tokens found cached, of the prompts of served chat whose cached tokens are known",
    ),
    "ttft_mean_s": Metric(
        "TTFT, mean", "s", "lower", "mean time from the award of a chat request to its first token"
    ),
    "ttft_p99_s": Metric(
        "TTFT, P99", "s", "lower", "99th percentile of the time from the award to the first token"
    ),
    "workflow_paid_usd": Metric(
        "workflows, paid", "USD", None, "what clients paid for served workflows in the end"
    ),
    "workflow_true_cost_usd": Metric(
        "workflows, true cost",
        "USD",
        None,
        "what the work that was done for served workflows cost, at the private costs of the award",
    ),
    "workflow_markup": Metric(
        "workflows, paid over true cost",
        "ratio",
        "lower",
        "workflow_paid_usd over workflow_true_cost_usd, less 1",
    ),
    "provider_profit_usd": Metric(
        "provider profit, all markets",
        "USD",
        "higher",
        "what providers received in both markets, less true costs and fixed costs",
    ),
}


def measure(run: LoggedRun) -> Measured:
    """All of them, of every trial that the log has rounds of."""
    chat, chat_endings = served_chat(run.path), columns_of(run.path, "requests", "trial", "status")
    endings = columns_of(run.path, "workflows", "trial", "status")
    awards = columns_of(run.path, "awards", "trial", "kind", "value_nano", "cost_nano")
    awards = where(awards, awards["kind"] == CHAT)
    done = served_work(run.path)
    work = {name: done[name].to_numpy() for name in ("trial", "client_paid_nano", "done_cost_nano")}
    fixed = columns_of(run.path, "bids", "trial", "fixed_cost_nano")
    measured = {}
    for trial in np.unique(columns_of(run.path, "rounds", "trial")["trial"]).tolist():
        own = [where(one, one["trial"] == trial) for one in (chat, awards, work, fixed)]
        of_chat, of_workflows = _chat(own[0], own[1]), _workflows(own[2])
        profit = (
            of_chat["provider_surplus_usd"]
            + of_workflows["workflow_paid_usd"]
            - of_workflows["workflow_true_cost_usd"]
            - usd(int(own[3]["fixed_cost_nano"].sum()))
        )
        found = measured[trial] = {"provider_profit_usd": profit}
        for of_market, ended in (
            (of_chat, _endings(_of(chat_endings, trial), "")),
            (of_workflows, _endings(_of(endings, trial), "workflow_")),
        ):
            if ended:
                found |= of_market | ended
    return measured


def _of(endings: Columns, trial: int) -> npt.NDArray[np.str_]:
    """How what a trial was asked ended."""
    status: npt.NDArray[np.str_] = endings["status"][endings["trial"] == trial].astype(str)
    return status


def _chat(served: Columns, awards: Columns) -> dict[str, float]:
    value, cost = served["realized_value_nano"], served["realized_cost_nano"]
    paid, received = served["client_paid_nano"], served["provider_received_nano"]
    reported = awards["value_nano"].astype(np.int64) - awards["cost_nano"].astype(np.int64)
    known = ~missing(served["cached_tokens"])
    welfare, clients = int((value - cost).sum()), int((value - paid).sum())
    providers, kept = int((received - cost).sum()), int(served["hub_kept_nano"].sum())
    found = {
        "chat_welfare_usd": usd(welfare),
        "chat_reported_welfare_usd": usd(int(reported.sum())),
        "client_surplus_usd": usd(clients),
        "provider_surplus_usd": usd(providers),
        "hub_kept_usd": usd(kept),
        "client_share": over(clients, welfare),
        "provider_share": over(providers, welfare),
        "hub_share": over(kept, welfare),
        "hit_rate": over(
            float(served["cached_tokens"][known].sum()), float(served["prompt_tokens"][known].sum())
        ),
    }
    if len(value):
        found["ttft_mean_s"] = float(served["ttft_s"].mean())
        found["ttft_p99_s"] = float(np.quantile(served["ttft_s"], 0.99))
    return found


def _workflows(done: Columns) -> dict[str, float]:
    paid = usd(int(done["client_paid_nano"].sum()))
    cost = usd(round(done["done_cost_nano"].sum()))
    return {
        "workflow_paid_usd": paid,
        "workflow_true_cost_usd": cost,
        "workflow_markup": over(paid, cost) - 1,
    }


def _endings(status: npt.NDArray[np.str_], prefix: str) -> dict[str, float]:
    """The shares of what ended; nothing where nothing did."""
    count = {name: int((status == name).sum()) for name in ("served", "refused", "failed")}
    ended = sum(count.values())
    if not ended:
        return {}
    return {f"{prefix}{name}_share": count[name] / ended for name in ("served", "failed")}


FAMILY = Family(METRICS, measure)
