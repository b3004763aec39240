"""What is commonly known of a provider's cost, and the virtual cost that follows from it.

Source: Myerson (1981) for procurement; STAR, equation (1) and appendix A.
"""

from market.workflow.priors.empirical import Empirical
from market.workflow.priors.prior import MAX_PRICE, Prior
from market.workflow.priors.truncated import TruncatedLognormal, TruncatedNormal
from market.workflow.priors.uniform import Uniform

#: Every kind of prior, by the name it has in files.
PRIORS: dict[str, type[Prior]] = {
    kind.kind: kind for kind in (Uniform, TruncatedNormal, TruncatedLognormal, Empirical)
}

__all__ = [
    "MAX_PRICE",
    "PRIORS",
    "Empirical",
    "Prior",
    "TruncatedLognormal",
    "TruncatedNormal",
    "Uniform",
]
