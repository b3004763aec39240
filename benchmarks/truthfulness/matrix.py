"""The truthfulness matrix and the tables behind it, as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks.markdown import table
from benchmarks.truthfulness.horizon import FACTORS, Gain
from benchmarks.truthfulness.one_round import Row
from market.audit import CLIENT, PROVIDER, Survey

#: What each side of each mechanism gains over many rounds, by name and side.
Horizon = Mapping[tuple[str, str], Sequence[Gain]]


def matrix(rows: Sequence[Row], horizon: Horizon) -> str:
    """Mechanism by {provider, client} by {one round, all rounds}; every cell is a measurement."""
    head = ["mechanism"]
    head += [
        f"{side}, {span}" for side in (PROVIDER, CLIENT) for span in ("one round", "all rounds")
    ]
    return table(
        head,
        [
            (
                row.mechanism,
                once(row.providers),
                always(horizon[row.mechanism, PROVIDER]),
                once(row.clients),
                always(horizon[row.mechanism, CLIENT]),
            )
            for row in rows
        ],
        words=len(head),
    )


def once(found: Survey) -> str:
    """In how many markets somebody gains by a misreport, and how much at most."""
    method = "exact" if found.exact else "search"
    if not found.with_regret:
        return f"none in {found.markets} ({method})"
    share, largest = found.share_with_regret, found.largest_relative_regret
    return f"**gains** in {share:.1%}, up to {_percent(largest)} ({method})"


def always(found: Sequence[Gain]) -> str:
    """The best constant misreport of those that gain; if none does, the best of all."""
    if not found:
        return "took no part"
    best = max(found, key=lambda gain: (_is_sure(gain), gain.mean))
    said = f"x{best.factor:g}: {_interval(best)}"
    return f"**gains** {said}" if _is_sure(best) else f"none, {said}"


def _is_sure(gain: Gain) -> bool:
    """Whether its interval is above nothing, as far as it is shown: amounts are rounded to nano."""
    return round(100 * gain.low, 1) > 0


def all_factors(horizon: Horizon) -> str:
    """What every factor gains, in bold where its interval is above nothing."""
    return table(
        ("mechanism", "side", *(f"x{factor:g}" for factor in FACTORS)),
        [
            (name, side, *(_bold(gain) for gain in found))
            for (name, side), found in horizon.items()
            if found
        ],
        words=2,
    )


def _bold(gain: Gain) -> str:
    said = f"{_signed(gain.mean)} %"
    return f"**{said}**" if _is_sure(gain) else said


def _interval(gain: Gain) -> str:
    return f"{_signed(gain.mean)} % [{_signed(gain.low)}, {_signed(gain.high)}]"


def _signed(part: float) -> str:
    rounded = round(100 * part, 1) + 0.0
    return f"{rounded:+.1f}".replace("-", "\N{MINUS SIGN}")


def _percent(part: float) -> str:
    return f"{part:.0%}" if part >= 0.01 else f"{100 * part:.1g} %"
