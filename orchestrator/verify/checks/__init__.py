"""What must hold of the log of every trial, whatever the scenario: one function each."""

from __future__ import annotations

from collections.abc import Callable

from orchestrator.assembly import Market
from orchestrator.verify.checks import draws, endings, faults, forecasts, money, shape, slots, work
from orchestrator.verify.findings import Findings
from orchestrator.verify.trial_log import TrialLog

Check = Callable[[TrialLog, Findings], None]

#: Every check on rows alone, by what it says when it holds.
CHECKS: dict[str, Check] = {
    check.__name__.replace("_", " "): check
    for check in (
        shape.rows_are_there_once,
        shape.every_round_has_its_rows,
        shape.rounds_end_on_time,
        shape.completions_come_in_order,
        endings.each_request_ends_once,
        endings.requests_are_named_by_their_turn,
        endings.retries_follow_from_losses,
        endings.rounds_count_their_requests,
        endings.hubs_count_their_requests,
        endings.each_workflow_ends_once,
        endings.nodes_run_where_they_were_bought,
        money.settlements_follow_from_awards,
        money.hubs_account_for_their_money,
        money.hubs_promise_nobody_a_loss,
        money.providers_are_paid_at_least_their_bid,
        money.clients_pay_at_most_what_they_report,
        money.workflows_are_settled_by_the_rule,
        money.private_amounts_follow_from_private_truth,
        slots.slots_are_never_exceeded,
        slots.who_is_absent_wins_nothing,
        slots.bidders_are_those_with_a_free_slot,
        slots.priors_hold_the_bids,
        faults.faults_follow_each_other,
        faults.losses_are_counted,
        faults.only_losses_are_auctioned_again,
        faults.a_lost_cache_is_cold,
        forecasts.errors_of_predictions_add_up,
        work.quantities_add_up,
        work.nodes_run_as_long_as_they_turn_out_to_be,
        work.handoffs_follow_from_the_prompts,
    )
}

#: Every check against what the scenario's seed draws.
DRAWS: dict[str, Callable[[TrialLog, Market, Findings], None]] = {
    check.__name__.replace("_", " "): check
    for check in (
        draws.providers_are_those_of_the_seed,
        draws.clients_are_those_of_the_seed,
        draws.reports_are_factors_of_the_truth,
        draws.truthful_bids_are_the_costs,
        draws.faults_are_those_in_store,
    )
}
