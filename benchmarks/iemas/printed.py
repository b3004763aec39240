"""What the IEMAS paper prints (arXiv:2603.17302v1)."""

from __future__ import annotations

from typing import NamedTuple


class PrintedRow(NamedTuple):
    """One method on one data set: hit rate, cost in the paper's units, latency (TTFT) in ms."""

    hit_rate: float
    cost: float
    ttft_ms: float


#: Table 1, by data set and method.
TABLE_1: dict[str, dict[str, PrintedRow]] = {
    "coqa": {
        "GraphRouter": PrintedRow(0.364, 10.655, 423.2),
        "GMTRouter": PrintedRow(0.531, 11.946, 342.2),
        "MFRouter": PrintedRow(0.384, 10.507, 414.5),
        "RouterDC": PrintedRow(0.482, 9.527, 357.5),
        "Random": PrintedRow(0.165, 13.65, 452.6),
        "IEMAS": PrintedRow(0.802, 6.944, 354.5),
    },
    "quac": {
        "GraphRouter": PrintedRow(0.310, 17.404, 443.1),
        "GMTRouter": PrintedRow(0.319, 25.302, 472.6),
        "MFRouter": PrintedRow(0.488, 15.372, 306.2),
        "RouterDC": PrintedRow(0.242, 19.443, 404.9),
        "Random": PrintedRow(0.343, 24.927, 189.1),
        "IEMAS": PrintedRow(0.636, 15.868, 162.1),
    },
    "hotpotqa": {
        "GraphRouter": PrintedRow(0.042, 42.243, 1470.3),
        "GMTRouter": PrintedRow(0.048, 44.365, 372.0),
        "MFRouter": PrintedRow(0.054, 39.101, 389.2),
        "RouterDC": PrintedRow(0.046, 34.180, 2139.8),
        "Random": PrintedRow(0.044, 43.683, 404.4),
        "IEMAS": PrintedRow(0.089, 28.694, 284.2),
    },
}
