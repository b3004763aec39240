"""How close the simulated engine comes to measured ones, once calibrated."""

from benchmarks.calibration.cli import command

__all__ = ["command"]
