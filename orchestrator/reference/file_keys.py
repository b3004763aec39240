"""Keys that name files: what is found there takes their place before a scenario is checked.

No model has these keys, since what a run keeps in its description is what was found.
"""

from __future__ import annotations

from typing import NamedTuple

from pydantic import BaseModel

from agents.cost.electricity import ElectricityParams
from agents.cost.spot import SpotParams
from agents.prior import EmpiricalPrior
from agents.served_model import ServedModel
from orchestrator.reference.keys import REQUIRED


class FileKey(NamedTuple):
    """A key: its name, type in words, default and meaning."""

    name: str
    type: str
    default: str
    meaning: str


class FileForm(NamedTuple):
    """Keys that stand in the place of others.

    Attributes:
        model: whose keys they replace, or which they replace a list of.
        title: the heading.
        stands: where they stand and what they replace.
        keys: all that may stand there.
        example: YAML in a group of providers; empty where it needs a run of your own.
    """

    model: type[BaseModel]
    title: str
    stands: str
    keys: tuple[FileKey, ...]
    example: str


_START = FileKey(
    "start",
    "day or time, or null",
    "null",
    "The moment of the file that is time 0 of a trial, UTC; null: its first.",
)

FILE_FORMS = (
    FileForm(
        ServedModel,
        "Models from files",
        "A mapping at `models` of a provider group, in the place of a list of served models.",
        (
            FileKey(
                "catalogue",
                "path of a file or null",
                "null",
                "List prices, JSON in the shape of the `genai-prices` data set; null: none.",
            ),
            FileKey(
                "sellers",
                "list of texts or null",
                "null",
                "Whose prices of the catalogue are taken, by id; null: all.",
            ),
            FileKey(
                "scores",
                "path of a file or null",
                "null",
                "Scores from 0 to 1, CSV in the shape of LLMRouter's table: a line a query, a "
                "column a model; null: none. With a catalogue too, the models that both know.",
            ),
            FileKey(
                "domains",
                "mapping of names to lists of texts, or null",
                "null",
                "The tasks of the table that make a domain; others do not count. Null: each task "
                "is a domain of its own.",
            ),
            FileKey(
                "tiers",
                "whole number",
                "3",
                "The models are cut into so many tiers, by mean score or else by price.",
            ),
            FileKey(
                "replay",
                "true or false",
                "false",
                "Whether models keep their scores, which answers are then given, query by query.",
            ),
        ),
        "models: {catalogue: prices.json, sellers: [acme], tiers: 2}",
    ),
    FileForm(
        EmpiricalPrior,
        "Samples from a run",
        "Keys of a prior of kind `empirical`, in the place of `samples`.",
        (
            FileKey(
                "run",
                "path of a run",
                REQUIRED,
                "An earlier run; the workflow bids of the group of the same name are the samples.",
            ),
            FileKey(
                "scaled",
                "true or false",
                "true",
                "Whether bids are taken at electricity factor 1, which then multiplies the prior.",
            ),
            FileKey("low", "number or null", "null", "As in a prior with samples."),
            FileKey("high", "number or null", "null", "As in a prior with samples."),
        ),
        "",
    ),
    FileForm(
        ElectricityParams,
        "Electricity prices from a file",
        "Keys of a cost of kind `electricity`, in the place of `series`.",
        (
            FileKey(
                "path",
                "path of a file",
                REQUIRED,
                "A CSV file: a header, then a line a period, its beginning first; all are equally "
                "long.",
            ),
            FileKey("column", "text", REQUIRED, "The column of the prices, by its header."),
            _START,
        ),
        "cost: {kind: scarcity, of: {kind: electricity, path: prices.csv, column: real_price, "
        "power_w: 700}}",
    ),
    FileForm(
        SpotParams,
        "Spot prices from a file",
        "Keys of a cost of kind `spot`, in the place of `series`.",
        (
            FileKey(
                "path",
                "path of a file",
                REQUIRED,
                "A CSV file of AWS's price history: `timestamp, availability_zone, instance_type, "
                "product, spot_price_usd_per_hour`.",
            ),
            FileKey("instance_type", "text", REQUIRED, "Whose prices are taken."),
            FileKey("product", "text or null", "Linux/UNIX", "The operating system."),
            FileKey(
                "availability_zones",
                "list of texts or null",
                "null",
                "The zones that providers rent in; null: all of the file.",
            ),
            _START,
        ),
        "cost: {kind: scarcity, of: {kind: spot, path: spot.csv, instance_type: p3.2xlarge}}",
    ),
)
