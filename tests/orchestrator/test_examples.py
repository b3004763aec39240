"""The shipped scenarios, in small; and on real files where those lie beside the checkout."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from market.errors import BadInput
from orchestrator.analysis.summary import summarize
from orchestrator.log import read_table
from orchestrator.scenario.model import load_scenario
from tests.markets import run_market
from tests.orchestrator.supply.files import write_catalogue, write_scores
from tests.orchestrator.supply.test_price_series import ELECTRICITY, SPOT
from tests.real_files import real

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"


def test_the_quickstart_in_small(tmp_path: Path) -> None:
    fewer = ("rounds=8", "demand.0.rate_per_s=10", "providers.0.count=20", "compare=[random]")
    scenario = load_scenario(EXAMPLES / "quickstart.yaml", fewer)
    summary = summarize(run_market(scenario, tmp_path / "run"))
    assert summary.chat.served > 30
    assert summary.workflows.served == 2


def test_the_dialogues_without_a_file(tmp_path: Path) -> None:
    scenario = load_scenario(EXAMPLES / "dialogues.yaml", ("rounds=8", "compare=[]"))
    assert summarize(run_market(scenario, tmp_path / "run")).chat.served > 10


def test_the_dialogues_of_a_real_file(tmp_path: Path) -> None:
    file = real("dialogues/quac_500_in_coqa_shape.json")
    settings = (f"demand.0.path={file}", "compare=[]")
    scenario = load_scenario(EXAMPLES / "dialogues.yaml", settings)
    chat = summarize(run_market(scenario, tmp_path / "run")).chat
    assert chat.served + chat.refused + chat.failed <= 2126
    page = (ROOT / "docs" / "real-input.md").read_text(encoding="utf-8").split("## Dialogues")[1]
    assert re.search(rf"requests served +{chat.served:,} ", page)
    assert re.search(rf"cache hit rate +{chat.hit_rate:.1%} ", page)
    assert re.search(rf"welfare, realised +\${chat.realized_welfare_usd:.3f} ", page)


def test_a_real_trace(tmp_path: Path) -> None:
    file = real("traces/azure2023_conv.csv")
    settings = (f"demand.0.path={file}", "demand.0.limit=1000", "rounds=30", "compare=[]")
    scenario = load_scenario(EXAMPLES / "azure.yaml", settings)
    chat = summarize(run_market(scenario, tmp_path / "run")).chat
    assert chat.served + chat.refused + chat.failed == 1000
    assert chat.hit_rate == 0.0


@pytest.mark.parametrize(
    ("shape", "name", "turns"),
    [
        ("coqa", "coqa_dev_hf_dummy.json", 12),
        ("quac", "quac_val_hf_dummy.json", 41),
        ("hotpotqa", "hotpotqa_100_dev_distractor_reflexion.json", 100),
    ],
)
def test_the_dialogues_of_other_real_files(
    tmp_path: Path, shape: str, name: str, turns: int
) -> None:
    file = real(f"dialogues/{name}")
    settings = (f"demand.0.path={file}", f"demand.0.format={shape}", "compare=[]")
    scenario = load_scenario(EXAMPLES / "dialogues.yaml", settings)
    chat = summarize(run_market(scenario, tmp_path / "run")).chat
    assert 0.9 * turns <= chat.served <= turns


def test_a_real_trace_with_real_prefixes(tmp_path: Path) -> None:
    file = real("traces/mooncake_conversation_trace.jsonl")
    settings = (f"demand.0.path={file}", "demand.0.limit=500", "rounds=40", "compare=[sticky]")
    scenario = load_scenario(EXAMPLES / "mooncake.yaml", settings)
    run = run_market(scenario, tmp_path / "run")
    assert summarize(run).chat.served > 450
    assert summarize(run).chat.hit_rate > 0.05
    assert summarize(run / "compared" / "sticky").chat.hit_rate > summarize(run).chat.hit_rate


@pytest.mark.parametrize(
    ("shape", "name"),
    [
        ("wfformat", "helloworld-chain-5-chameleon.json"),
        ("wfformat", "montage-chameleon-2mass-005d-001.json"),
        ("graphs", "agent_graphs.json"),
        ("graphs", "worfbench_plans.json"),
    ],
)
def test_the_workflows_of_real_files(tmp_path: Path, shape: str, name: str) -> None:
    file = real(f"workflows/{name}")
    settings = (f"demand.0.path={file}", f"demand.0.format={shape}", "rounds=20")
    scenario = load_scenario(EXAMPLES / "workflows.yaml", settings)
    assert summarize(run_market(scenario, tmp_path / "run")).workflows.served == 10


def test_the_workflows_of_our_own_file(tmp_path: Path) -> None:
    problem = json.loads((EXAMPLES / "workflow.json").read_text(encoding="utf-8"))
    file = tmp_path / "loop.json"
    file.write_text(json.dumps({key: problem[key] for key in ("nodes", "edges")}))
    settings = (f"demand.0.path={file}", "rounds=6")
    scenario = load_scenario(EXAMPLES / "workflows.yaml", settings)
    run = run_market(scenario, tmp_path / "run")
    assert summarize(run).workflows.served == 3
    assert set(read_table(run, "workflows")["name"].to_pylist()) == {"loop"}


def from_files(catalogue: Path, scores: Path) -> tuple[str, ...]:
    return (
        f"providers.0.models.catalogue={catalogue}",
        f"providers.0.models.scores={scores}",
        "compare=[]",
    )


def test_a_catalogue_of_our_own(tmp_path: Path) -> None:
    files = from_files(write_catalogue(tmp_path), write_scores(tmp_path))
    domains = "providers.0.models.domains={math: [sums, proofs], writing: [poems]}"
    scenario = load_scenario(EXAMPLES / "catalogue.yaml", (*files, domains, "rounds=20"))
    run = run_market(scenario, tmp_path / "run")
    summary = summarize(run)
    assert summary.chat.served > 50
    assert summary.workflows.served == 2
    tiers = read_table(run, "providers")["tier"].to_pylist()
    assert len(tiers) == 60
    assert set(tiers) == {1, 2, 3}


def test_a_catalogue_must_be_named() -> None:
    with pytest.raises(BadInput) as caught:
        load_scenario(EXAMPLES / "catalogue.yaml")
    expected = "expected the path of a catalogue, of scores, or of both; got neither"
    assert str(caught.value) == f"{EXAMPLES / 'catalogue.yaml'}: providers.0.models: {expected}"


def test_a_real_catalogue(tmp_path: Path) -> None:
    files = from_files(
        real("prices/genai_prices_data.json"), real("quality/llmrouter_query_model_scores.csv")
    )
    scenario = load_scenario(EXAMPLES / "catalogue.yaml", (*files, "rounds=20"))
    summary = summarize(run_market(scenario, tmp_path / "run"))
    assert summary.chat.served > 200
    assert summary.workflows.served == 2


def from_prices(spot: Path, electricity: Path) -> tuple[str, ...]:
    return (
        f"providers.0.cost.of.path={spot}",
        f"providers.1.cost.of.of.0.path={electricity}",
    )


def test_prices_of_our_own(tmp_path: Path) -> None:
    spot, electricity = tmp_path / "spot.csv", tmp_path / "electricity.csv"
    spot.write_text(SPOT, encoding="utf-8")
    electricity.write_text(ELECTRICITY, encoding="utf-8")
    changes = (
        "rounds=20", "providers.0.cost.of.day_s=600", "providers.1.cost.of.of.0.day_s=600",
        "providers.0.cost.of.availability_zones=[us-1b]",
        "providers.1.cost.of.of.0.start=2016-12-21", "providers.1.entry_exit.window_s=5",
    )  # fmt: skip
    scenario = load_scenario(
        EXAMPLES / "spot-prices.yaml", (*from_prices(spot, electricity), *changes)
    )
    summary = summarize(run_market(scenario, tmp_path / "run"))
    assert summary.chat.served > 50
    assert summary.presence.exits > 0


def test_a_file_of_prices_must_be_named() -> None:
    with pytest.raises(BadInput) as caught:
        load_scenario(EXAMPLES / "spot-prices.yaml")
    expected = "expected the path of a file of prices, got None"
    place = f"{EXAMPLES / 'spot-prices.yaml'}: providers.0.cost.of.path"
    assert str(caught.value) == f"{place}: {expected}"


def test_real_prices(tmp_path: Path) -> None:
    files = from_prices(
        real("prices/aws_gpu_spot_price_history_2019_2020.csv"),
        real("prices/electricity_dayahead_DE_with_forecasts.csv"),
    )
    scenario = load_scenario(EXAMPLES / "spot-prices.yaml", files)
    run = run_market(scenario, tmp_path / "run")
    chat, presence = summarize(run).chat, summarize(run).presence
    page = (ROOT / "docs" / "costs.md").read_text(encoding="utf-8")
    assert re.search(rf"requests served +{chat.served:,} ", page)
    came_and_went = f"{presence.outages} / {presence.exits} / {presence.returns}"
    assert re.search(rf"outages / exits / returns +{came_and_went} ", page)
    assert re.search(rf"fixed costs +\${presence.fixed_cost_usd:.3f} ", page)
