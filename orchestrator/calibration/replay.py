"""Replaying measured requests through the simulated engine."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from agents.engine import Job, SimulatedEngine
from market.errors import BadInput
from market.messages import CHAT
from market.profiles import EngineProfile
from market.prompt import Span
from orchestrator.calibration.measurements import Measurements

Floats = npt.NDArray[np.float64]

#: Whatever a profile: longer than any replay.
FAR_S = 1e15


@dataclass(frozen=True)
class Spans:
    """What clients saw of requests, each (requests,), in seconds from their arrival.

    ``tpot_s``, the mean time of a further token, is NaN where an answer has one token only.
    """

    ttft_s: Floats
    tpot_s: Floats
    latency_s: Floats

    def of(self, which: npt.NDArray[np.bool_]) -> Spans:
        """Those of some requests."""
        return Spans(self.ttft_s[which], self.tpot_s[which], self.latency_s[which])


def measured_spans(measurements: Measurements) -> Spans:
    """As they were measured."""
    first, last = measurements.column("first_s"), measurements.column("last_s")
    return _spans(measurements, first, last)


def replay(measurements: Measurements, profile: EngineProfile) -> Spans:
    """As they come out of an engine of this profile; prompts share nothing.

    Raises:
        BadInput: names the first request that the engine refuses.
    """
    engine = SimulatedEngine("replay", profile)
    for number, request in enumerate(measurements.requests):
        prompt = (Span(2 * number, request.input_tokens),)
        answer = 2 * number + 1
        engine.submit(
            Job(request.request, CHAT, prompt, request.output_tokens, answer, request.arrival_s)
        )
    done = {completion.request: completion for completion in engine.advance(FAR_S)}
    completions = [done[request.request] for request in measurements.requests]
    for completion in completions:
        if completion.error is not None:
            raise BadInput(f"request {completion.request}", completion.error)
    first = np.array([completion.first_token_s for completion in completions])
    last = np.array([completion.finish_s for completion in completions])
    return _spans(measurements, first, last)


def _spans(measurements: Measurements, first: Floats, last: Floats) -> Spans:
    arrival, tokens = measurements.column("arrival_s"), measurements.column("output_tokens")
    further = np.where(tokens > 1, tokens - 1, np.nan)
    return Spans(first - arrival, (last - first) / further, last - arrival)
