"""Why times to the first token are hard to tell: who else is sent to a provider in a clearing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.markdown import table
from benchmarks.predictors.shadowing import ACTING, Scored


@dataclass(frozen=True)
class Waits:
    """NMAE of single times to the first token, by who was sent to the same provider with them.

    Attributes:
        alone: the share of labels that were awarded with no other.
        nmae_alone: of those, as predicted.
        nmae_in_company: of the others, as predicted.
        nmae_if_known: of all, had the hub known before the clearing what is awarded with a
            request and in which order: the analytic times of the steps up to its own.
    """

    alone: float
    nmae_alone: float
    nmae_in_company: float
    nmae_if_known: float


def waits_of(scored: Sequence[Scored]) -> Waits:
    """What the awards of every clearing explain of the error."""
    together: dict[tuple[str, float], list[Scored]] = defaultdict(list)
    for one in scored:
        together[one.member.provider, one.completion.submitted_s].append(one)
    alone = [group[0] for group in together.values() if len(group) == 1]
    company = [one for group in together.values() if len(group) > 1 for one in group]
    known = [pair for group in together.values() for pair in _in_order(group)]
    return Waits(
        alone=len(alone) / len(scored),
        nmae_alone=_nmae(_predicted(alone)),
        nmae_in_company=_nmae(_predicted(company)),
        nmae_if_known=_nmae(known),
    )


def waits_table(found: Mapping[str, Sequence[Waits]]) -> str:
    """A line for every source; figures are means over its seeds."""
    head = ("dialogues", "awarded alone", "NMAE, alone", "NMAE, in company", "NMAE, company known")
    rows = []
    for source, seeds in found.items():
        alone = np.mean([one.alone for one in seeds])
        rows.append(
            (
                source,
                f"{alone:.0%}",
                f"{np.mean([one.nmae_alone for one in seeds]):.3f}",
                f"{np.mean([one.nmae_in_company for one in seeds]):.3f}",
                f"{np.mean([one.nmae_if_known for one in seeds]):.3f}",
            )
        )
    return table(head, rows)


def _in_order(group: Iterable[Scored]) -> list[tuple[float, float]]:
    """Observed and analytic times of what was awarded together, in the order it was served in.

    Steps are full of prompts, one after the other; the answers begin with the end of the step that
    computes the last of their prompt.
    """
    served = sorted(group, key=lambda one: one.completion.first_token_s)
    uncached = [one.completion.prompt_tokens - one.expected[ACTING].cached_tokens for one in served]
    pairs = []
    for one, through in zip(served, np.cumsum(uncached), strict=True):
        engine = one.member.engine
        steps = np.ceil(through / engine.max_num_batched_tokens)
        computed = min(sum(uncached), steps * engine.max_num_batched_tokens)
        expected_s = steps * engine.step_s + engine.prefill_s_per_token * computed
        pairs.append((one.completion.ttft_s, float(expected_s)))
    return pairs


def _predicted(scored: Iterable[Scored]) -> list[tuple[float, float]]:
    return [(one.completion.ttft_s, one.expected[ACTING].ttft_s) for one in scored]


def _nmae(pairs: Sequence[tuple[float, float]]) -> float:
    observed, predicted = np.array(pairs).T
    return float(np.abs(observed - predicted).sum() / observed.sum())
