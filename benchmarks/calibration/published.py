"""What another simulator published of its replays of the same runs: ``summary.txt``.

Lines such as ``TTFT Mean  7097.2  6815.7  -4.0%``: measured and simulated in milliseconds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from orchestrator.reading.text_file import read_text

_LINE = re.compile(r"^(TTFT|TPOT|Latency) (\w+) +([\d.]+) +([\d.]+) +[+-][\d.]+%$", re.MULTILINE)


@dataclass(frozen=True)
class Published:
    """A statistic as published, milliseconds."""

    measured_ms: float
    simulated_ms: float

    @property
    def error(self) -> float:
        """Relative."""
        return self.simulated_ms / self.measured_ms - 1


def read_published(path: Path) -> dict[str, Published]:
    """By the name of the figure, such as TTFT mean; empty where there is no file."""
    if not path.exists():
        return {}
    return {
        f"{span} {statistic if statistic.startswith('P') else statistic.lower()}": Published(
            float(measured), float(simulated)
        )
        for span, statistic, measured, simulated in _LINE.findall(read_text(path))
    }
