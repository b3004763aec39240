"""The instances in ``examples/instances``: what is written by hand, and what follows from it.

By hand are ``problem.json``, and of ``instance.json`` the prose and the liar with its lie.
Everything else is computed here, exactly, and ``regenerate`` writes it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from tests.exact.matching import Market
from tests.exact.mechanisms import COLD, RUN, Cleared, clear_workflow
from tests.exact.workflow import DEFAULTS, Auction

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "instances"
INDEX = "README.md"
TABLE_BEGINS, TABLE_ENDS = "<!-- table -->\n", "<!-- end of table -->\n"

#: What a participant's utility counts, as ``instance.json`` says it.
RUN_COST = "payment less the cost of what it runs"
COLD_COST = "payment less the cost of its cold work"
SERVED_COST = "payment less the cost of what it serves"
VALUE = "value less payment"
BASES = {RUN_COST: RUN, COLD_COST: COLD}

#: A line of a JSON file is broken where it would be longer.
WIDTH = 96


@dataclass(frozen=True)
class Instance:
    """One folder: the problem and the card (``instance.json``) as they stand there."""

    folder: Path
    problem: dict[str, Any]
    card: dict[str, Any]

    @classmethod
    def read(cls, folder: Path) -> Instance:
        """The instance in a folder."""
        problem, card = (
            json.loads((folder / name).read_text(encoding="utf-8"))
            for name in ("problem.json", "instance.json")
        )
        return cls(folder, problem, card)

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def liar(self) -> dict[str, Any] | None:
        """Who lies, in a counterexample."""
        liar: dict[str, Any] | None = self.card.get("liar")
        return liar

    def with_report(self, report: Any) -> dict[str, Any]:
        """The problem with another report of the liar."""
        liar = self.card["liar"]
        problem = deepcopy(self.problem)
        if self.problem["kind"] == "workflow":
            (record,) = (one for one in problem["providers"] if one["id"] == liar["id"])
            record["bid"] = report
        elif liar["side"] == "provider":
            for row, asked in zip(problem["costs"], report, strict=True):
                row[liar["id"]] = asked
        else:
            for request, row in zip(liar["requests"], report, strict=True):
                problem["values"][request] = row
        return problem

    def files(self) -> dict[str, str]:
        """Every file of the folder, as it has to read."""
        card = self.card | {"mechanism": mechanism(self.problem)}
        found = {"problem.json": self.problem, "answer.json": answer(self.problem)}
        if self.liar is not None:
            lied = self.with_report(self.liar["lie"])
            utilities = {
                "utility_of_truth": plain(self.utility(self.problem)),
                "utility_of_lie": plain(self.utility(lied)),
            }
            card["liar"] = self.liar | utilities
            found |= {"lie.json": lied, "lie-answer.json": answer(lied)}
        return {name: written(record) for name, record in {**found, "instance.json": card}.items()}

    def utility(self, problem: Mapping[str, Any]) -> Fraction:
        """What the liar gains in ``problem``, its cost or its values being those of the card."""
        liar = exact(self.card["liar"])
        cleared = clear(problem)
        if isinstance(cleared, Cleared):
            names = [provider.id for provider in cleared.auction.providers]
            basis = BASES[liar["utility_counts"]]
            return cleared.utility_usd(names.index(liar["id"]), Fraction(liar["truth"]), basis)
        if liar["utility_counts"] == SERVED_COST:
            return cleared.provider_utility(liar["id"], liar["truth"])
        return cleared.client_utility(liar["requests"], Market.read(exact(self.problem)).values)


def instances(folder: Path = FOLDER) -> list[Instance]:
    """All of them, by name."""
    return [Instance.read(path.parent) for path in sorted(folder.glob("*/problem.json"))]


def clear(problem: Mapping[str, Any]) -> Cleared | Market:
    """The problem, cleared exactly.

    Where it has several answers a workflow raises ``Ambiguous``, a matching once it is asked.
    """
    fractions = exact(problem)
    if problem["kind"] == "workflow":
        return clear_workflow(Auction.read(fractions))
    return Market.read(fractions)


def answer(problem: Mapping[str, Any]) -> Any:
    """What ``walras solve`` should say."""
    return plain(clear(problem).answer())


def mechanism(problem: Mapping[str, Any]) -> str:
    """The mechanism with the options that are not the default."""
    options = problem.get("options", {})
    if problem["kind"] == "matching":
        return str(options.get("payments", "client_clarke"))
    said = DEFAULTS | options
    own = ("mechanism", "solver")
    others = [
        f"{key}: {json.dumps(value)}".replace('"', "")
        for key, value in said.items()
        if key not in own and value != DEFAULTS[key]
    ]
    return ", ".join([said["mechanism"], *others])


def index(folder: Path = FOLDER) -> str:
    """The index page with its table renewed."""
    text = (folder / INDEX).read_text(encoding="utf-8")
    before, _, rest = text.partition(TABLE_BEGINS)
    _, _, after = rest.partition(TABLE_ENDS)
    head = [
        "| instance | what it shows | size | mechanism | key figures |",
        "|---|---|---|---|---|",
    ]
    truthful_first = sorted(instances(folder), key=lambda instance: instance.liar is not None)
    rows = [*head, *map(_row, truthful_first)]
    return before + TABLE_BEGINS + "".join(f"{row}\n" for row in rows) + TABLE_ENDS + after


def exact(value: Any) -> Any:
    """A JSON value with its decimal numbers as the fractions that they are written as."""
    return json.loads(json.dumps(value), parse_float=Fraction)


def plain(value: Any) -> Any:
    """A JSON value out of one with fractions."""
    if isinstance(value, Fraction):
        return float(value)
    if isinstance(value, Mapping):
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    return value


def written(record: Mapping[str, Any]) -> str:
    """A JSON file: one line for whatever fits on it, except the whole."""
    return _broken(record, 0) + "\n"


def _layout(value: Any, indent: int, lead: int) -> str:
    line = json.dumps(value, ensure_ascii=False)
    fits = indent + lead + len(line) < WIDTH
    return line if fits or not isinstance(value, list | dict) else _broken(value, indent)


def _broken(value: Mapping[str, Any] | Sequence[Any], indent: int) -> str:
    inner = indent + 2
    if isinstance(value, Mapping):
        keys = [f"{json.dumps(key)}: " for key in value]
        entries, ends = list(value.values()), "{}"
    else:
        keys, entries, ends = [""] * len(value), list(value), "[]"
    lines = [
        " " * inner + key + _layout(entry, inner, len(key))
        for key, entry in zip(keys, entries, strict=True)
    ]
    return ends[0] + "\n" + ",\n".join(lines) + "\n" + " " * indent + ends[1]


def _row(instance: Instance) -> str:
    card = instance.card
    cells = (
        f"[{instance.name}]({instance.name}/instance.json)",
        f"{card['title']} ({card['source']})",
        _size(instance.problem),
        mechanism(instance.problem),
        _key_figures(instance),
    )
    return f"| {' | '.join(cells)} |"


def _size(problem: Mapping[str, Any]) -> str:
    if problem["kind"] == "workflow":
        return f"{len(problem['nodes'])} nodes, {len(problem['providers'])} providers"
    slots = sum(problem["capacities"])
    return f"{len(problem['values'])} requests, {slots} slot{'s' * (slots > 1)}"


def _key_figures(instance: Instance) -> str:
    if instance.liar is not None:
        truth = instance.utility(instance.problem)
        lie = instance.utility(instance.with_report(instance.liar["lie"]))
        who = f"{instance.liar['side']} {instance.liar['id']}"
        return f"{who} gains {_figure(lie)} by the lie, {_figure(truth)} by the truth"
    cleared = clear(instance.problem)
    if isinstance(cleared, Market):
        paid = sum((amount for amount in cleared.payments if amount is not None), Fraction(0))
        return f"welfare {_figure(cleared.welfare)}, clients pay {_figure(paid)}"
    names = [provider.id for provider in cleared.auction.providers]
    paid_usd = cleared.payments_usd.items()
    return "paid: " + ", ".join(f"{names[i]} {_figure(amount)}" for i, amount in paid_usd)


def _figure(amount: Fraction) -> str:
    return f"{float(amount):.6g}"
