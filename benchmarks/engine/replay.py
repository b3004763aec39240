"""A Mooncake trace through simulated engines, each with the conversations that fall to it."""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from agents.engine import Job, SimulatedEngine
from market import seeding
from market.errors import BadInput
from market.messages import CHAT, Completion
from market.profiles import EngineProfile
from orchestrator.demand.mooncake import MooncakeRow


class SteppedEngine(SimulatedEngine):
    """A simulated engine that takes every step by itself."""

    def _decode(self, until_s: float) -> None:
        """No jump."""


@dataclass(frozen=True)
class Replay:
    """What came of a trace.

    Attributes:
        engines: how many engines served it.
        served: requests that were served; ``failed`` could not be.
        prompt_tokens: of the served ones, ``cached_tokens`` of which were cached.
        output_tokens: of the served ones.
        simulated_s: from the first arrival to the last finish.
        wall_s: what it took, hashing included, reading the file not.
    """

    engines: int
    served: int
    failed: int
    prompt_tokens: int
    cached_tokens: int
    output_tokens: int
    simulated_s: float
    wall_s: float

    @property
    def hit_rate(self) -> float:
        """Share of the prompt tokens that were cached."""
        return self.cached_tokens / self.prompt_tokens

    @property
    def requests_per_s(self) -> float:
        """Requests for each second of wall time."""
        return (self.served + self.failed) / self.wall_s

    @property
    def speed(self) -> float:
        """Simulated seconds for each second of wall time, all engines together."""
        return self.engines * self.simulated_s / self.wall_s


def jobs_by_engine(rows: Iterable[MooncakeRow], engines: int) -> list[list[Job]]:
    """The jobs of every engine, in order of arrival; a conversation stays with its engine."""
    first: dict[int, int] = {}
    jobs: dict[int, list[Job]] = defaultdict(list)
    for number, row in enumerate(rows):
        engine = first.setdefault(row.conversation, len(first)) % engines
        answer = seeding.content_id("answer", number)
        jobs[engine].append(
            Job(f"r{number}", CHAT, row.prompt, row.output_tokens, answer, row.time_s)
        )
    return [jobs[engine] for engine in range(engines)]


def replayed(
    jobs: list[list[Job]], profile: EngineProfile, kind: type[SimulatedEngine] = SimulatedEngine
) -> Replay:
    """Serve the jobs of every engine to the end; raises ``BadInput`` where none can be served."""
    started_s = time.perf_counter()
    done: list[Completion] = []
    for number, each in enumerate(jobs):
        engine = kind(f"e{number}", profile)
        for job in each:
            engine.submit(job)
        done += engine.advance(math.inf)
    wall_s = time.perf_counter() - started_s
    served = [one for one in done if one.error is None]
    if not served:
        raise BadInput(f"{profile.kv_blocks} KV blocks", "no request of the trace fits in them")
    first_s = min(each[0].submitted_s for each in jobs if each)
    return Replay(
        engines=len(jobs),
        served=len(served),
        failed=len(done) - len(served),
        prompt_tokens=sum(one.prompt_tokens for one in served),
        cached_tokens=sum(one.cached_tokens or 0 for one in served),
        output_tokens=sum(one.output_tokens for one in served),
        simulated_s=max(one.finish_s for one in served) - first_s,
        wall_s=wall_s,
    )
