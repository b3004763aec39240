"""The key of every row of the log."""

from __future__ import annotations

from typing import Annotated

Trial = Annotated[int, "number of the trial, from 0"]
Round = Annotated[int, "number of the round, from 1; 0 where a row holds before the first"]
