"""What the fields of ``walras run --json`` mean; docs/command-line.md is made from this."""

from __future__ import annotations

from collections.abc import Mapping

#: Of every event, its fields but ``event`` itself.
EVENTS: Mapping[str, Mapping[str, str]] = {
    "plan": {
        "run": "directory of the log",
        "scenario": "name of the scenario",
        "stands": "of a run that is gone on with, how far it had come, in words; else null",
        "seed": "seed of all random draws",
        "trials": "trials under each mechanism",
        "rounds": "rounds of demand of a trial",
        "round_s": "length of a round, seconds of market time",
        "providers": "providers of the first trial",
        "hubs": "matching hubs",
        "mechanism": "mechanism of the matching hubs",
        "compare": "mechanisms that play the same tape afterwards",
        "requests": "chat requests that will arrive in a trial, about",
        "workflows": "workflows that will arrive in a trial, about",
        "seconds": "how long it will take, a rough guess",
    },
    "progress": {
        "stage": "mechanism and trial of which it tells, in words",
        "rounds_done": "rounds of demand that are over, of all trials under all mechanisms",
        "rounds": "all of them",
        "rounds_per_s": "rounds a second over the last 30 seconds; null while it is not known",
        "seconds_left": "at that pace; null while it is not known",
        "reported_welfare_usd": "USD, predicted value less cost at the bids over all chat matches "
        "of the trial so far: what is reported, not what answers turned out to be worth",
        "served": "chat requests of the trial that were served",
        "refused": "chat requests that were refused",
        "failed": "chat requests that failed",
        "workflows_served": "workflows of the trial that were served",
        "workflows_refused": "workflows that were refused",
        "workflows_failed": "workflows that failed",
        "losses": "crashes and hangs of providers, hubs and the orchestrator in the trial",
    },
    "result": {
        "run": "directory of the log",
        "seconds": "how long it took; null where nothing was left to do",
        "processes": "processes that held the market, Ray itself not counted; or null",
        "peak_bytes": "the most memory each of them had resident, summed; or null",
        "summaries": "by mechanism, that of the scenario first, the figures of its log",
    },
    "error": {
        "message": "what is said on stderr too",
        "exit_status": "that of the command",
    },
}

_ENDINGS = {
    "served": "that were served",
    "refused": "that were refused",
    "failed": "that failed",
    "reauctioned": "that failed and were auctioned again; how that ended counts in the others",
    "asked": "all of them: served, refused and failed",
}

#: Of a summary, its parts and their fields.
SUMMARY: Mapping[str, Mapping[str, str]] = {
    "chat": {
        **{name: f"chat requests {meaning}" for name, meaning in _ENDINGS.items()},
        "reported_welfare_usd": "USD, predicted value less cost at the bids of all matches",
        "realized_welfare_usd": "USD, true value of the answers less what they truly cost",
        "clients_paid_usd": "USD, paid by clients",
        "providers_received_usd": "USD, received by providers",
        "hubs_kept_usd": "USD, kept by hubs; below zero if they paid on top",
        "client_surplus_usd": "USD, true value of the answers less what clients paid",
        "provider_surplus_usd": "USD, received by providers less their true costs",
        "client_losses": "answers for which the client paid more than it was worth to it",
        "provider_losses": "answers for which the provider got less than it cost",
        "promised_client_losses": "matches at a loss for the client, by the predictions",
        "promised_hub_losses": "clearings in which providers were promised more than clients",
        "ttft_nmae": "error of predicted times to first token, mean absolute over mean",
        "cost_nmae": "error of predicted cost tokens, likewise",
        "brier": "Brier score of predicted quality",
        "median_value_usd": "USD, median predicted value of a match",
        "median_cost_usd": "USD, median predicted cost of a match at the bid",
        "hit_rate": "share of prompt tokens that were cached, where it is known",
        "wait_mean_s": "seconds from arrival to the match, mean",
        "wait_p99_s": "the same, 99th percentile",
        "ttft_mean_s": "seconds from the match to the first token, mean",
        "ttft_p99_s": "the same, 99th percentile",
        "quality": "share of answers that were right",
    },
    "workflows": {
        **{name: f"workflows {meaning}" for name, meaning in _ENDINGS.items()},
        "paid_usd": "USD, paid for those that were served",
        "true_cost_usd": "USD, what their work truly cost the winners",
        "realized_less_predicted_usd": "USD, payments in proportion to the realised work less "
        "those of the awards; null where all lengths were as predicted",
        "prior_source": "where priors come from",
        "mechanism": "mechanism that bought them, with options that are not the default",
        "truthful": "whether the truth is best for providers in each auction",
    },
    "presence": {
        "out": "share of bids that offered nothing by an outage",
        "left": "share of bids that offered nothing by choice",
        "outages": "how often providers had an outage",
        "exits": "how often providers left",
        "returns": "how often they came back from either",
        "fixed_cost_usd": "USD, fixed costs of being there",
    },
    "faults": {
        "crashes": "crashes of providers",
        "hangs": "hangs of providers",
        "given_up": "hangs that lasted too long",
        "hub_crashes": "hubs that began anew",
        "lost": "requests and nodes in flight that failed by it",
        "absent": "share of bids that an understudy made",
    },
    "": {
        "rounds": "rounds of all trials, with those that only drain",
        "overflow": "whether full hubs send requests elsewhere",
        "provider_profit_usd": "USD, of all providers in both markets after fixed costs",
    },
}
