"""Going on with a run that was stopped: snapshots, a journal of what came from outside, replay."""

from orchestrator.resume.logged_trial import LoggedRound, LoggedTrial, Tell, to_stderr
from orchestrator.resume.snapshot import remove_state
from orchestrator.resume.whole_log import check_complete

__all__ = ["LoggedRound", "LoggedTrial", "Tell", "check_complete", "remove_state", "to_stderr"]
