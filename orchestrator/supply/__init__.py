"""Supply: what providers serve and what it costs them, found in a user's files."""

from orchestrator.supply.replayed_costs import find_price_series, replays
from orchestrator.supply.served_models import SupplyParams, served_models

__all__ = ["SupplyParams", "find_price_series", "replays", "served_models"]
