"""Clustering providers into hubs (IEMAS, 4.4); one more way is one file more."""

from hubs.clustering.capability import cluster_by_capability
from hubs.clustering.domain import cluster_by_domain
from hubs.clustering.random_partition import cluster_at_random
from hubs.clustering.role import Clustering

#: Every clustering by the name that a scenario gives it.
CLUSTERINGS: dict[str, Clustering] = {
    "capability": cluster_by_capability,
    "domain": cluster_by_domain,
    "random": cluster_at_random,
}

__all__ = ["CLUSTERINGS", "Clustering"]
