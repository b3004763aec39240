from __future__ import annotations

import os
import signal

import pytest

from orchestrator.interrupts import interrupts_noted


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_requests_to_end_are_counted_and_raised_when_asked(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with interrupts_noted() as interrupts:
        interrupts.check()
        os.kill(os.getpid(), number)
        os.kill(os.getpid(), number)
        assert interrupts.noted == 2
        with pytest.raises(KeyboardInterrupt):
            interrupts.check()
    assert signal.getsignal(number) == before
