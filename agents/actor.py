"""The Ray actor that hosts providers."""

from __future__ import annotations

from collections.abc import Collection

import ray

from agents.host import ProviderHost
from market.errors import ParticipantLost
from market.process import collect_rarely, peak_memory_bytes
from market.release import Release, running_release


class ProviderProcess(ProviderHost):
    """A host of providers in a process of its own."""

    def __init__(self) -> None:
        super().__init__()
        collect_rarely()

    def renew(self, providers: Collection[str], now_s: float) -> None:
        """See ``ProviderHost``; a real engine that has served begins anew with its process.

        Raises:
            ParticipantLost: one of them does; whoever lives here is lost with it.
        """
        if any(not one.is_new for one in self._real if one.profile.provider in providers):
            self.close()
            raise ParticipantLost("it begins anew with its process")
        super().renew(providers, now_s)

    def home(self) -> tuple[str, Release]:
        """The address of the node, and what runs there."""
        return ray.util.get_node_ip_address(), running_release()

    def peak_memory_bytes(self) -> int:
        """The most memory that was resident here at a time."""
        return peak_memory_bytes()


ProviderActor = ray.remote(ProviderProcess)
