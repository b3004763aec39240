"""A small catalogue and a small table that know some models in common; and the real ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

REAL_CATALOGUE = "prices/genai_prices_data.json"
REAL_SCORES = "quality/llmrouter_query_model_scores.csv"

CATALOGUE: list[dict[str, Any]] = [
    {
        "id": "acme",
        "name": "Acme",
        "models": [
            {
                "id": "good-8b-instruct",
                "match": {"equals": "good-8b-instruct"},
                "prices": {"input_mtok": 0.5, "cache_read_mtok": 0.05, "output_mtok": 1},
            },
            {
                "id": "best-70b",
                "prices": {
                    "input_mtok": {"base": 1, "tiers": [{"start": 200000, "price": 2}]},
                    "output_mtok": {"base": 4, "tiers": [{"start": 200000, "price": 8}]},
                },
            },
            {"id": "best-70b:free", "prices": {}},
            {"id": "embedder", "prices": {"input_mtok": 0.02}},
            {"id": "gift", "prices": {"input_mtok": 0, "output_mtok": 0}},
            {"id": "old", "deprecated": True, "prices": {"input_mtok": 1, "output_mtok": 2}},
            {
                "id": "speaker",
                "prices": {"input_mtok": 1, "output_mtok": 2, "output_audio_mtok": 12},
            },
        ],
    },
    {
        "id": "bazaar",
        "models": [
            {
                "id": "vendor/Good-8B-Instruct",
                "prices": [
                    {"prices": {"input_mtok": 9, "output_mtok": 9}},
                    {
                        "constraint": {"start_date": "2026-03-13"},
                        "prices": {"input_mtok": 0.25, "output_mtok": 2},
                    },
                ],
            },
            {"id": "vendor/unscored-3b", "prices": {"input_mtok": 0.1, "output_mtok": 0.5}},
            {"id": "vendor/weak_1_5b", "prices": {"input_mtok": 0.1, "output_mtok": 0.1}},
        ],
    },
    {"id": "vectors", "models": [{"id": "embedder-2", "prices": {"input_mtok": 0.02}}]},
]

HEADER = "split,idx,task,metric,question_chars,question_sha1"
SCORES = f"""{HEADER},best-70b,good-8b-instruct,unsold-9b,weak-1.5b
train,0,sums,em,10,aa,1.0,1.0,1.0,0.0
train,1,sums,em,20,ab,1.0,0.0,1.0,0.0
test,0,proofs,em,30,ac,0.5,0.0,1.0,0.25
train,0,poems,f1,40,ad,0.6,0.8,1.0,0.4
"""
DOMAINS = {"math": ["sums", "proofs"], "writing": ["poems"]}


def write_catalogue(folder: Path, document: object = CATALOGUE) -> Path:
    """A catalogue's file."""
    path = folder / "prices.json"
    path.write_text(json.dumps(document))
    return path


def write_scores(folder: Path, text: str = SCORES) -> Path:
    """A score table's file."""
    path = folder / "scores.csv"
    path.write_text(text)
    return path
