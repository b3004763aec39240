"""The measured runs, and what is known of them besides."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from agents.engine.roofline import ACCELERATORS, MODELS, kv_blocks
from orchestrator.calibration import Calibration, Measurements, calibrate, read_measurements

REQUESTS, SUMMARY = "requests.jsonl", "summary.txt"
#: Measured by ``measure_vllm.py`` and shipped with it.
OURS = Path(__file__).parent / "smollm2_cpu"


@dataclass(frozen=True, eq=False)
class Run:
    """One engine's measurements.

    Attributes:
        title: as a person calls it.
        profile: the name of the profile that is shipped.
        folder: where its files are, below the folder of all or by itself.
        accelerator: its key among ``ACCELERATORS``; None for CPUs.
        limits: of the engine, where ``meta.json`` does not say.
    """

    title: str
    profile: str
    folder: Path
    accelerator: str | None = None
    limits: dict[str, int] = field(default_factory=dict)

    @property
    def model(self) -> str:
        """Its key among ``MODELS``."""
        return self.profile.partition("@")[0]

    def read(self, data: Path) -> Measurements:
        """Its measurements; raises ``BadInput``."""
        return read_measurements(data / self.folder / REQUESTS, self.limits)

    def calibrated(self, data: Path) -> Calibration:
        """Its fit; raises ``BadInput``."""
        power_w = ACCELERATORS[self.accelerator].power_w if self.accelerator else None
        gpus = int(self.accelerator is not None)
        return calibrate(self.read(data), self.profile, gpus, power_w)


RUNS = (
    Run(
        "Llama-3.1-8B, RTX 4090",
        "llama-3.1-8b@rtx-4090",
        Path("RTX4090_Llama-3.1-8B"),
        "rtx-4090",
    ),
    # Its meta.json tells neither blocks nor the longest prompt: the roofline's and the model's.
    Run(
        "Llama-3.1-8B, RTX PRO 6000",
        "llama-3.1-8b@rtx-pro-6000",
        Path("RTXPRO6000_Llama-3.1-8B"),
        "rtx-pro-6000",
        {
            "block_size": 16,
            "kv_blocks": kv_blocks("llama-3.1-8b", "rtx-pro-6000"),
            "max_model_len": MODELS["llama-3.1-8b"].context,
        },
    ),
    Run("SmolLM2-135M, one CPU core", "smollm2-135m@cpu", OURS),
)
