"""Fitting the timing of the simulated engine to measurements of a real one."""

from orchestrator.calibration.calibrate import Calibration, calibrate
from orchestrator.calibration.measurements import Measurements, read_measurements

__all__ = ["Calibration", "Measurements", "calibrate", "read_measurements"]
