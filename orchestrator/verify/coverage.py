"""What a verification has checked, and what it could not: nothing is passed over in silence."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Coverage:
    """Counts of what was checked and of what was not, each with its words."""

    checked: Counter[str] = field(default_factory=Counter)
    unchecked: Counter[tuple[str, str]] = field(default_factory=Counter)

    def note(self, what: str, count: int = 1) -> None:
        """So many of a kind were checked."""
        self.checked[what] += count

    def leave_out(self, what: str, reason: str, count: int = 1) -> None:
        """So many of a kind were not, for a reason."""
        if count:
            self.unchecked[what, reason] += count

    def add(self, other: Coverage) -> None:
        """What was checked elsewhere, too."""
        self.checked += other.checked
        self.unchecked += other.unchecked

    @property
    def lines(self) -> list[str]:
        """For a person."""
        done = [f"checked: {count} {what}" for what, count in self.checked.items() if count]
        left = [
            f"not checked: {f'{count} ' if count > 1 else ''}{what} ({reason})"
            for (what, reason), count in self.unchecked.items()
        ]
        return done + left

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "checked": dict(self.checked),
            "not_checked": [
                {"count": count, "what": what, "reason": reason}
                for (what, reason), count in self.unchecked.items()
            ],
        }
