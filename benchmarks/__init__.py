"""Speed benchmarks and the papers' tables and figures: ``python -m benchmarks NAME``."""
