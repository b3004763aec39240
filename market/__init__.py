"""What a market is: problems, mechanisms, prices; and the words that cross package boundaries.

Usable alone: ``from market import solve`` clears one auction given as a dict.
"""

from market.errors import BadInput, Infeasible, NotProvenOptimal, TooCostly, WalrasError
from market.solve import solve

__all__ = ["BadInput", "Infeasible", "NotProvenOptimal", "TooCostly", "WalrasError", "solve"]
