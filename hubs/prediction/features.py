"""The features of a pair (IEMAS, Eq. 5), their names and their order in one place.

Counts are taken in logs; of the metadata there is the domain, one-hot but for the first. Within one
provider's tree its capacity B_i is constant and its utilisation u_i = I_i / B_i is I_i again, and
two features that split alike can keep a Hoeffding tree from splitting: ``reduced`` leaves both out.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from hubs.prediction.role import Load
from market.messages import ChatRequest
from market.profiles import ProviderProfile

Floats = npt.NDArray[np.float64]

OF_HUB = ("log_hub_inflight", "log_hub_rate")
OF_PROVIDER = ("log_inflight", "log_rate")
OF_CAPACITY = ("log_slots", "utilisation")
AFFINITY = "affinity"


class PairFeatures:
    """What predictors see of a request at a provider.

    Args:
        members: the providers; columns follow their order.
        domains: every domain that the classifier can name.
        with_capacity: B_i and u_i too.

    Attributes:
        of_request: the names of the features that a request has anywhere; they come first.
        names: all of them, in order.
    """

    def __init__(
        self, members: Sequence[ProviderProfile], domains: Sequence[str], *, with_capacity: bool
    ):
        self._known = np.array(domains[1:])
        self._slots = np.array([member.chat_slots for member in members])
        self._with_capacity = with_capacity
        self.of_request = ("log_prompt", "log_turn", *(f"domain={name}" for name in domains[1:]))
        capacity = OF_CAPACITY if with_capacity else ()
        self.names = (*self.of_request, *OF_HUB, AFFINITY, *OF_PROVIDER, *capacity)

    def of(
        self,
        requests: Sequence[ChatRequest],
        domains: Sequence[str],
        matches: npt.NDArray[np.int64],
        load: Load,
    ) -> Floats:
        """(requests, providers, features) of all pairs; arguments as ``Predictor.predict``'s."""
        prompt = np.array([float(request.prompt_tokens) for request in requests])
        turn = np.array([request.turn for request in requests])
        in_domain = np.array(domains)[:, None] == self._known[None, :]
        of_request = np.column_stack([np.log1p(prompt), np.log1p(turn), in_domain])
        of_hub = np.log1p([load.hub_inflight, load.hub_rate])
        of_provider = [np.log1p(load.inflight), np.log1p(load.rate)]
        if self._with_capacity:
            of_provider += [np.log1p(self._slots), load.inflight / np.maximum(1, self._slots)]
        wide = of_request.shape[1]
        pair = wide + len(of_hub)
        features = np.empty((*matches.shape, len(self.names)))
        features[:, :, :wide] = of_request[:, None, :]
        features[:, :, wide:pair] = of_hub
        features[:, :, pair] = matches / prompt[:, None]
        features[:, :, pair + 1 :] = np.column_stack(of_provider)
        return features
