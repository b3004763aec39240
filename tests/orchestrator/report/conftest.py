from pathlib import Path

import pytest

from tests.orchestrator.report.tiny_market import run_tiny


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run with both markets, beside random routing. Read it only."""
    return run_tiny(tmp_path_factory.mktemp("market"))
