import dataclasses

import numpy as np
import pytest
from pydantic import ValidationError

from agents.client import Client, ClientParams, ClientPopulation
from agents.strategy import Aggressive, Conservative, NoRegret, Random, Report, Truthful
from market import seeding
from market.messages import CHAT, Completion, Valuation

STRATEGIES = [
    Truthful(),
    Aggressive(by=2.0),
    Conservative(by=0.5),
    Random(between=(0.5, 2.0)),
    NoRegret(factors=(0.5, 2.0)),
]
NAMES = [f"client-{number:04d}" for number in range(20)]


def served(**changes) -> Completion:
    usual = Completion("r", "p", CHAT, 1.0, 1.5, 3.0, 100, 0, 10, quality=1.0, domain="law")
    return dataclasses.replace(usual, **changes)


def client_worth(weight: float, quality_usd: float, latency_usd_per_s: float, **params) -> Client:
    return Client(
        "c",
        ClientParams(
            quality_weight=weight,
            quality_usd=quality_usd,
            latency_usd_per_s=latency_usd_per_s,
            **params,
        ),
        seed=1,
    )


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_valuation_does_not_depend_on_how_it_is_reported(strategy):
    honest, other = ClientParams(), ClientParams(strategy=strategy)
    for name in NAMES:
        assert Client(name, honest, 7).valuation == Client(name, other, 7).valuation


def test_the_truthful_report_their_valuation():
    client = Client("c", ClientParams(), 7)
    assert client.report("d-1.1") == client.valuation


@pytest.mark.parametrize(
    ("strategy", "factor"), [(Aggressive(by=2.0), 2.0), (Conservative(by=0.5), 0.5)]
)
def test_a_misreport_scales_the_amounts_and_leaves_the_weight(strategy, factor):
    client = client_worth(0.7, 0.004, 0.002, strategy=strategy)
    assert client.report("r") == Valuation(0.7, 0.004 * factor, 0.002 * factor)
    assert client.valuation == Valuation(0.7, 0.004, 0.002)


def test_a_random_report_differs_from_request_to_request_and_is_repeatable():
    client = client_worth(0.5, 1.0, 1.0, strategy=Random(between=(0.5, 2.0)))
    reports = [client.report(f"d-1.{turn}") for turn in range(1, 30)]
    assert len({report.quality_usd for report in reports}) == 29
    assert all(0.5 <= report.quality_usd == report.latency_usd_per_s <= 2.0 for report in reports)
    assert client.report("d-1.1") == reports[0]


def test_clients_differ_and_depend_on_their_name_and_the_seed_alone():
    params = ClientParams()
    valuations = [Client(name, params, 7).valuation for name in NAMES]
    assert len(set(valuations)) == len(NAMES)
    assert [Client(name, params, 7).valuation for name in reversed(NAMES)] == valuations[::-1]
    assert Client(NAMES[0], params, 8).valuation != valuations[0]


def test_valuations_stay_within_reason_whatever_is_drawn():
    client = client_worth(3.0, -1.0, 1e9)
    assert client.valuation == Valuation(1.0, 0.0, 1e3)


def test_the_realised_value_is_that_of_the_quality_less_that_of_the_wait():
    # 0.75 * 0.004 * 1 - 0.25 * 0.002 * 0.5 s
    client = client_worth(0.75, 0.004, 0.002, strategy=Aggressive(by=3.0))
    assert client.realized_value_nano(served()) == 3_000_000 - 250_000
    assert client.realized_value_nano(served(quality=0.0)) == -250_000
    assert client.realized_value_nano(served(first_token_s=1.0)) == 3_000_000


class Told:
    """A reporter that always tells the truth, and writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[float, float]] = []

    def report(self, draw) -> Report:
        return Report(1.0, chance=draw())

    def learn(self, report: Report, utility: float) -> None:
        self.told.append((report.chance, utility))


def test_a_request_brings_what_the_answer_is_worth_less_what_was_paid(monkeypatch):
    told = Told()
    monkeypatch.setattr(Truthful, "start", lambda self: told)
    client = client_worth(0.75, 0.004, 0.002)
    for request in ("served", "failed", "refused", "open"):
        client.report(request)
    client.end("failed", served(error="trial ended", quality=None), 0)
    client.end("served", served(), 1_000_000)
    client.end("refused", None, 0)
    draws = [
        seeding.uniform(1, "client", "c", "report", name)
        for name in ("failed", "served", "refused")
    ]
    assert told.told == list(zip(draws, [0, 3_000_000 - 250_000 - 1_000_000, 0], strict=True))
    assert list(client._open) == ["open"]


def test_a_client_learns_to_report_what_gets_it_answers_at_a_profit():
    """Whoever reports too little is refused, and the answers are worth their price."""
    client = client_worth(1.0, 0.004, 0.0, strategy=NoRegret(factors=(0.25, 1.0)))
    factors = []
    for number in range(400):
        factor = client.report(f"r{number}").quality_usd / 0.004
        factors.append(factor)
        if factor == 1.0:
            client.end(f"r{number}", served(), 1_000_000)
        else:
            client.end(f"r{number}", None, 0)
    assert factors[:50].count(1.0) < 40
    assert factors[-50:].count(1.0) > 40


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_how_one_client_reports_and_learns_changes_no_other(strategy):
    def reports(**params) -> list[Valuation]:
        population = ClientPopulation(ClientParams(count=5, **params), 7)
        found = []
        for number in range(20):
            for name in ("client-0000", "client-0001", "client-0002"):
                report = population[name].report(f"{name}.{number}")
                population[name].end(f"{name}.{number}", served(), 1000)
                if name != "client-0000":
                    found.append(report)
        return found

    assert reports(panel={"count": 1, "strategy": strategy}) == reports()


def test_an_answer_without_a_grade_has_only_its_wait_and_a_failure_is_worth_nothing():
    client = client_worth(0.75, 0.004, 0.002)
    assert client.realized_value_nano(served(quality=None)) == -250_000
    assert client.realized_value_nano(served(error="too long", quality=None)) == 0


def test_a_population_keeps_its_clients():
    population = ClientPopulation(ClientParams(), 7)
    assert population["client-0001"] is population["client-0001"]
    assert population["client-0001"].valuation == Client("client-0001", ClientParams(), 7).valuation


def test_dialogues_are_spread_evenly_over_the_clients():
    population = ClientPopulation(ClientParams(count=4), 7)
    owners = [population.client_of(f"d0-{number}") for number in range(2000)]
    names, counts = np.unique(owners, return_counts=True)
    assert names.tolist() == ["client-0000", "client-0001", "client-0002", "client-0003"]
    assert counts / 2000 == pytest.approx([0.25] * 4, abs=0.04)
    assert owners == [
        ClientPopulation(ClientParams(count=4), 7).client_of(f"d0-{number}")
        for number in range(2000)
    ]


def test_the_only_client_owns_everything():
    population = ClientPopulation(ClientParams(count=1), 7)
    assert {population.client_of("d", number) for number in range(50)} == {"client-0000"}


def test_a_panel_reports_by_its_own_strategy_and_the_rest_as_before():
    panel = {"count": 2, "strategy": {"kind": "aggressive", "by": 3}}
    params = ClientParams.model_validate({"count": 5, "panel": panel})
    for number in range(5):
        client = Client(f"client-{number:04d}", params, 7)
        factor = 3 if number < 2 else 1
        assert client.report("r").quality_usd == client.valuation.quality_usd * factor
        assert client.valuation == Client(client.client, ClientParams(), 7).valuation


def test_a_panel_is_no_larger_than_all_clients():
    panel = {"count": 6, "strategy": {"kind": "truthful"}}
    with pytest.raises(ValidationError, match="panel: expected at most all 5 clients, got 6"):
        ClientParams.model_validate({"count": 5, "panel": panel})
