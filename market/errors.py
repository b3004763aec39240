"""The errors of the project, named after what went wrong.

Every one of them survives pickling, so that it can cross a process boundary.
"""

from __future__ import annotations

#: A line of a message keeps so many characters at either end.
MOST_KEPT = 1000


class WalrasError(Exception):
    """The root of all errors that the project raises on purpose."""


class BadInput(WalrasError):
    """A value in an input does not meet what is expected of it.

    ``where`` names the place (file, line, dotted key), ``problem`` says what is wrong with the
    value and what was expected; together they make one line for a person, in which whatever is
    not printable is escaped, and which is cut in the middle where it would be very long.
    """

    def __init__(self, where: str, problem: str):
        super().__init__(where, problem)
        self.where = where
        self.problem = problem

    def __str__(self) -> str:
        line = f"{self.where}: {self.problem}" if self.where else self.problem
        if len(line) > 2 * MOST_KEPT:
            line = f"{line[:MOST_KEPT]} ... {line[-MOST_KEPT:]}"
        return "".join(one if one.isprintable() else repr(one)[1:-1] for one in line)

    def inside(self, place: str) -> BadInput:
        """The same error seen from further out, such as from the file that holds the key."""
        return BadInput(f"{place}: {self.where}" if self.where else place, self.problem)


class Infeasible(WalrasError):
    """No allocation meets the constraints of the problem."""


class NotProvenOptimal(WalrasError):
    """A solver stopped without a proof that its answer is optimal."""


class TooCostly(WalrasError):
    """An exact solution would need more memory than the stated bound."""


class NotEnoughResources(WalrasError):
    """The cluster does not have what a run asks for."""


class DifferentRelease(WalrasError):
    """A node of the cluster does not run what the driver runs."""


class ParticipantLost(WalrasError):
    """A process with participants of the market has died."""


class NotReproduced(WalrasError):
    """What was computed again is not what the log says."""


class NotWritten(WalrasError):
    """The log cannot be written; what was committed is kept."""
