"""Supply: the models that providers serve, found in a user's files of prices and of scores."""

from orchestrator.supply.served_models import SupplyParams, served_models

__all__ = ["SupplyParams", "served_models"]
