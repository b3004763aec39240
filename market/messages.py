"""The words that cross package boundaries: what providers, clients and hubs tell each other.

A hub sees what is reported and what is observed, never a private cost or valuation: no message
here has a field for one.
"""

from __future__ import annotations

from dataclasses import dataclass

from market.price_level import at_price_level
from market.prompt import Prompt
from market.workflow import Prior, Uniform, Workflow

#: Kinds of work: a chat turn, a node of a workflow; and of settlements: a turn, a workflow.
CHAT = "chat"
NODE = "node"
WORKFLOW = "workflow"


@dataclass(frozen=True, slots=True)
class Bid:
    """A provider's offer for one round, USD per 1e6 output tokens.

    One number for each market: a bid that fed both would break the truthfulness of STAR.
    ``low`` and ``high`` bound the publicly known support of its cost this round. On it the cost is
    uniform, unless ``prior`` is given, which is multiplied by ``price_level`` this round. Providers
    of one belief share the object, so that a message with many bids carries it once.

    Where it is not ``available`` it offers nothing this round: its prices are what they would be,
    and its slots count as none. Work that it has goes on.
    """

    provider: str
    chat: float
    workflow: float
    low: float
    high: float
    prior: Prior | None = None
    price_level: float = 1.0
    available: bool = True

    def public_prior(self) -> Prior:
        """What is publicly known of the cost this round; made anew, which takes time if it is long.

        Raises ``BadInput`` where the price level moves it out of bounds.
        """
        if self.prior is None:
            return Uniform(self.low, self.high)
        return at_price_level(self.prior, self.price_level)


@dataclass(frozen=True, slots=True)
class Valuation:
    """A client's reported worth of an answer: v = d * quality * P - (1 - d) * latency * L (Eq. 1).

    ``quality_usd`` is USD for a perfect answer, ``latency_usd_per_s`` USD for each second to the
    first token, ``quality_weight`` is the d in [0, 1].
    """

    quality_weight: float
    quality_usd: float
    latency_usd_per_s: float


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One chat turn as its client reports it. ``terms`` are words of its content, for routing."""

    request: str
    client: str
    dialogue: str
    turn: int
    arrival_s: float
    prompt: Prompt
    prompt_tokens: int
    terms: tuple[str, ...]
    reported: Valuation


@dataclass(frozen=True, slots=True)
class WorkflowRequest:
    """A workflow to be bought, with the lengths that are expected of its nodes.

    ``execution_scale`` shrinks what is executed, not what is bought.
    """

    request: str
    client: str
    arrival_s: float
    workflow: Workflow
    execution_scale: float

    def executed_tokens(self, tokens: float) -> int:
        """How many tokens are executed for ``tokens`` of the workflow."""
        return max(1, round(tokens * self.execution_scale))


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a hub predicted for a request at a provider."""

    output_tokens: float
    cached_tokens: float
    ttft_s: float
    quality: float


@dataclass(frozen=True, slots=True)
class ChatAward:
    """A chat request matched to a provider. Amounts are fixed here, and void on failure.

    ``explored``: matched to learn what the provider is like, at the hub's expense.
    """

    request: str
    client: str
    provider: str
    hub: str
    value_nano: int
    cost_nano: int
    client_pays_nano: int
    provider_receives_nano: int
    expected: Expectation
    explored: bool = False

    @property
    def hub_keeps_nano(self) -> int:
        """What the hub earns if the request is served."""
        return self.client_pays_nano - self.provider_receives_nano


@dataclass(frozen=True, slots=True)
class NodeDispatch:
    """A workflow node whose parents are done, sent to the provider that won it.

    ``answer`` names the content of its output; ``request`` is ``workflow/node``. ``output_tokens``
    are those that are expected; how many it takes shows when it is done.
    """

    request: str
    workflow: str
    node: str
    provider: str
    prompt: Prompt
    output_tokens: int
    answer: int


@dataclass(frozen=True, slots=True)
class Completion:
    """What came of one piece of work; times are seconds of trial time.

    ``cached_tokens`` is None where the engine does not report it: unknown, not zero. ``answer``
    names the content of what was generated, None for a failure. ``quality`` is the evaluator's
    grade in [0, 1] and ``domain`` the task it graded; both are None for workflow nodes and
    failures. ``error`` is None where the work was served. ``length_tokens`` is the realised output
    of one run of a workflow node before the execution scale; None for all else. ``text`` is the
    answer itself where a real engine was asked in text.
    """

    request: str
    provider: str
    kind: str
    submitted_s: float
    first_token_s: float
    finish_s: float
    prompt_tokens: int
    cached_tokens: int | None
    output_tokens: int
    answer: int | None = None
    quality: float | None = None
    domain: str | None = None
    error: str | None = None
    length_tokens: float | None = None
    text: str | None = None

    @property
    def ttft_s(self) -> float:
        """Seconds from submission to the first token."""
        return self.first_token_s - self.submitted_s

    @property
    def tpot_s(self) -> float:
        """Mean seconds per output token after the first."""
        return (self.finish_s - self.first_token_s) / max(1, self.output_tokens - 1)


@dataclass(frozen=True, slots=True)
class Settlement:
    """Money that moved, or did not: a void settlement moves nothing.

    ``realized_quantity_tokens`` is what a winner of a workflow ran in the end, in output-token
    equivalents, and ``realized_payment_nano`` its payment in proportion, whether or not that was
    paid. Both are None for chat and where the settlement is void.
    """

    request: str
    kind: str
    client: str
    provider: str
    hub: str
    client_paid_nano: int
    provider_received_nano: int
    hub_kept_nano: int
    void: bool
    realized_quantity_tokens: float | None = None
    realized_payment_nano: int | None = None


@dataclass(frozen=True, slots=True)
class Signal:
    """What a hub publishes each round: prices, free capacity, a cache summary. Never prompts.

    Prices are in the order of the hub's providers: the smallest and the largest that clear its
    market, whose gap is wide where the market is thin. There is no largest one, None, where a
    provider had no slot to clear.
    """

    hub: str
    scarcity_prices_nano: tuple[int, ...]
    largest_prices_nano: tuple[int | None, ...]
    free_slots: int
    cached_dialogues: int
    cached_tokens: int
