"""The same small market on simulated engines and on real ones: reuse, cost and welfare."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.markdown import table
from benchmarks.model_gap.gap import LOSSES, GapLedger, WorkflowGap, rounds_of
from benchmarks.model_gap.market import two_engine_market
from market.messages import CHAT
from market.money import usd

#: What both engines are told.
COMMON = {
    "block_size": 32,
    "kv_blocks": 512,
    "max_model_len": 4096,
}

Engine = Mapping[str, Any]


def engines(model: str, profile: str) -> dict[str, Engine]:
    """The engines that are exchanged, by name.

    ``model`` is the folder that vLLM serves; one without weights gets random ones.
    """
    common = COMMON | {"profile": profile}
    weights = any(Path(model).glob("*.safetensors"))
    return {
        "simulated": {"kind": "simulated", **common, "speed": 1.0},
        "vLLM": {
            "kind": "vllm",
            **common,
            "model": model,
            "load_format": "auto" if weights else "dummy",
            "dtype": "float32",
            "enforce_eager": True,
            "gpu_memory_utilization": 0.3,  # on CPUs too it is memory that has to be free
        },
    }


@dataclass
class Welfare:
    """What came of chat, in nano-USD: value less cost, as the hubs predicted and as it was."""

    served: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    predicted_nano: int = 0
    realised_nano: int = 0


@dataclass
class Played:
    """A market on one engine."""

    gaps: list[WorkflowGap]
    welfare: Welfare


def played(engine: Engine) -> Played:
    """Play the market of two engines."""
    scenario = two_engine_market(engine)
    ledger, gaps, welfare = GapLedger(charged=False), [], Welfare()
    for market, record in rounds_of(scenario):
        gaps += ledger.note(market, record)
        for reply in record.chat.values():
            welfare.predicted_nano += sum(one.value_nano - one.cost_nano for one in reply.awards)
        for told in record.replies:
            spent = told.private.realized_cost_nano
            for done in told.completions:
                if done.kind == CHAT and done.error is None:
                    welfare.realised_nano -= spent[done.request]
        for end in record.chat_ends:
            if end.completion is not None and end.completion.error is None:
                client = market.clients[end.open.request.client]
                welfare.served += 1
                welfare.prompt_tokens += end.completion.prompt_tokens
                welfare.cached_tokens += end.completion.cached_tokens or 0
                welfare.realised_nano += client.realized_value_nano(end.completion)
    return Played(sorted(gaps, key=lambda gap: gap.name), welfare)


def blocks(engines: Mapping[str, Engine]) -> dict[str, str]:
    """The tables: the workflows of the market on each engine, and its chat."""
    markets = {name: played(engine) for name, engine in engines.items()}
    return {"two-engines": workflows(markets), "welfare": welfare(markets)}


def workflows(markets: Mapping[str, Played]) -> str:
    """What was delivered of the assumed reuse, and what it cost, by engine."""
    head = ["workflow", "engine", "delivered", *LOSSES, "found cached", "realised over auctioned"]
    return table(head, sorted(_workflow_rows(markets)), words=2)


def _workflow_rows(markets: Mapping[str, Played]) -> Iterator[list[str]]:
    for engine, market in markets.items():
        for gap in market.gaps:
            lost = [gap.lost_tokens[loss] for loss in LOSSES]
            yield [
                gap.name,
                engine,
                _share(gap.assumed_tokens - sum(lost), gap.assumed_tokens),
                *(_share(tokens, gap.assumed_tokens) for tokens in lost),
                _share(gap.found_tokens, gap.sent_tokens),
                f"{100 * (gap.realised_usd / gap.auctioned_usd - 1):+.1f} %",
            ]


def welfare(markets: Mapping[str, Played]) -> str:
    """What came of chat in the same market on each engine, and the difference to the first."""
    head = ["engine", "turns served", "prompt tokens", "cached", "welfare predicted, USD"]
    head += ["realised, USD", "less the first's", "workflows served", "their cost, USD"]
    rows = []
    first = next(iter(markets.values())).welfare
    for engine, market in markets.items():
        found = market.welfare
        rows.append(
            [
                engine,
                found.served,
                found.prompt_tokens,
                _share(found.cached_tokens, found.prompt_tokens),
                f"{usd(found.predicted_nano):.6f}",
                f"{usd(found.realised_nano):.6f}",
                _share(found.realised_nano - first.realised_nano, first.realised_nano),
                len(market.gaps),
                f"{sum(gap.realised_usd for gap in market.gaps):.4f}",
            ]
        )
    return table(head, rows)


def _share(part: float, whole: float) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"
