"""When a provider offers anything: outages, and entry and exit by profit."""

from agents.presence.entry_exit import EntryExitParams
from agents.presence.outages import OutageParams
from agents.presence.presence import LEFT, OUTAGE, Presence, RoundPresence

__all__ = ["LEFT", "OUTAGE", "EntryExitParams", "OutageParams", "Presence", "RoundPresence"]
