"""Clients: private valuations, and what they report of them."""

from __future__ import annotations

from functools import cached_property, partial

from pydantic import Field, model_validator

from agents.params import Distribution, Draw, Params
from agents.strategy import ClientPanel, ClientStrategy, Report, Truthful, check_panel
from market import seeding
from market.messages import Completion, Valuation
from market.money import nano_usd


class ClientParams(Params):
    """The population of clients; each draws its valuation once.

    With the defaults the median value of an answer is about five times its median cost in the
    quickstart's market; the summary of a run prints both.
    """

    count: int = Field(1000, ge=1, le=10**9)
    """How many clients there are; each dialogue and each workflow belongs to one of them."""
    quality_weight: Draw = Distribution(uniform=(0.5, 0.9))
    """The weight of quality against latency in an answer's worth, from 0 to 1."""
    quality_usd: Draw = Distribution(lognormal=(0.0005, 0.6))
    """What a perfect answer is worth, in USD, before it is weighted."""
    latency_usd_per_s: Draw = Distribution(lognormal=(0.0002, 0.6))
    """What a second to the first token costs the client, in USD, before it is weighted."""
    strategy: ClientStrategy = Truthful()
    """How clients turn their valuation into the one that they report; not by best_response or
    ring."""
    panel: ClientPanel | None = None
    """The first few clients, who report by a strategy of their own; null: none."""

    @model_validator(mode="after")
    def _panel_fits(self) -> ClientParams:
        check_panel(self.panel, self.count, "clients")
        return self

    def strategy_of(self, client: str) -> ClientStrategy:
        """How a client reports."""
        return self.panel.strategy if self.panel and client in self._panelists else self.strategy

    @cached_property
    def _panelists(self) -> frozenset[str]:
        return frozenset(
            client_name(number) for number in range(self.panel.count if self.panel else 0)
        )


class Client:
    """One buyer. Its true valuation stays here; every request is reported once, then ended once."""

    def __init__(self, client: str, params: ClientParams, seed: int):
        rng = seeding.stream(seed, "client", client)
        self.client = client
        self._seed = seed
        self._reporter = params.strategy_of(client).start()
        self._open: dict[str, Report] = {}
        self.valuation = Valuation(
            quality_weight=params.quality_weight.draw_within(rng, 0.0, 1.0),
            quality_usd=params.quality_usd.draw_within(rng, 0.0, 1e3),
            latency_usd_per_s=params.latency_usd_per_s.draw_within(rng, 0.0, 1e3),
        )

    def report(self, request: str) -> Valuation:
        """What the client says a request is worth to it."""
        key = ("client", self.client, "report", request)
        report = self._reporter.report(partial(seeding.uniform, self._seed, *key))
        self._open[request] = report
        truth, factor = self.valuation, report.factor
        return Valuation(
            truth.quality_weight, truth.quality_usd * factor, truth.latency_usd_per_s * factor
        )

    def end(self, request: str, completion: Completion | None, paid_nano: int) -> None:
        """Learn what a request brought: its realised worth less what was paid for it.

        Without a completion it was refused, and brought nothing.
        """
        worth = 0 if completion is None else self.realized_value_nano(completion)
        self._reporter.learn(self._open.pop(request), worth - paid_nano)

    def realized_value_nano(self, completion: Completion) -> int:
        """What an answer turned out to be worth: Eq. (1) on the realised quality and latency."""
        if completion.error is not None:
            return 0
        worth = self.valuation
        quality = worth.quality_weight * worth.quality_usd * (completion.quality or 0.0)
        latency = (1 - worth.quality_weight) * worth.latency_usd_per_s * completion.ttft_s
        return nano_usd(quality - latency)


class ClientPopulation:
    """All clients of a trial, made when they first ask."""

    def __init__(self, params: ClientParams, seed: int):
        self._params = params
        self._seed = seed
        self._clients: dict[str, Client] = {}

    def __getitem__(self, client: str) -> Client:
        if client not in self._clients:
            self._clients[client] = Client(client, self._params, self._seed)
        return self._clients[client]

    def client_of(self, *key: str | int) -> str:
        """The client behind the dialogue or workflow that ``key`` names."""
        number = int(self._params.count * seeding.uniform(self._seed, "client-of", *key))
        return client_name(number)


def client_name(number: int) -> str:
    """The id of the client of that number, from 0."""
    return f"client-{number:04d}"
