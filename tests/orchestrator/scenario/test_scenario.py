from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from agents.provider_group import ProviderGroup
from market.errors import BadInput
from orchestrator.assembly import build_providers, trial_seed
from orchestrator.demand.graph_lists import read_graphs
from orchestrator.demand.sources import AzureDemand, DialogueDemand
from orchestrator.runs.run import plan
from orchestrator.scenario.model import Scenario, load_scenario
from tests.markets import GROUPS
from tests.orchestrator.supply.files import DOMAINS, write_catalogue, write_scores

EXAMPLES = {
    path.stem: path for path in (Path(__file__).resolve().parents[3] / "examples").glob("*.yaml")
}
#: They are null in the example: no file of others may be a part of this repository.
NEED_FILES, NEED_A_TRACE = {"catalogue", "spot-prices"}, {"azure", "mooncake"}

GOOD = {
    "seed": 1,
    "rounds": 5,
    "providers": GROUPS,
    "hubs": {"count": 2},
    "demand": [
        {"kind": "dialogues", "path": None, "rate_per_s": 4},
        {"kind": "workflows", "names": ["S2"], "every_rounds": 5},
    ],
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "market.yaml"
    path.write_text(yaml.safe_dump(GOOD))
    return path


def problem(path: Path, *settings: str) -> str:
    """The one line that a bad scenario is answered with."""
    with pytest.raises(BadInput) as caught:
        load_scenario(path, settings)
    line = str(caught.value)
    assert "\n" not in line
    assert line.startswith((str(path), "--set"))
    return line.removeprefix(f"{path}: ")


def test_a_good_scenario_is_read(file: Path) -> None:
    scenario = load_scenario(file)
    assert scenario.providers[1].cost.base.uniform == (2.5, 7.5)
    assert scenario.horizon_s == 5.0


def test_the_examples_are_there() -> None:
    assert NEED_FILES | NEED_A_TRACE | {"quickstart"} < set(EXAMPLES)


@pytest.mark.parametrize("example", sorted(EXAMPLES.keys() - NEED_FILES - NEED_A_TRACE))
def test_an_example_is_good_as_it_stands(example: str) -> None:
    assert isinstance(load_scenario(EXAMPLES[example]), Scenario)


@pytest.mark.parametrize("example", sorted(NEED_A_TRACE))
def test_an_example_of_a_trace_is_good_once_one_is_named(example: str) -> None:
    assert "expected a trace file, got null" in problem(EXAMPLES[example])
    assert isinstance(load_scenario(EXAMPLES[example], ("demand.0.path=trace",)), Scenario)


def test_a_scenario_comes_back_from_what_a_run_keeps_of_it(file: Path) -> None:
    scenario = load_scenario(file)
    assert Scenario.model_validate_json(scenario.model_dump_json()) == scenario


def test_a_setting_changes_a_key(file: Path) -> None:
    settings = ("demand.0.rate_per_s=7.5", "providers.1.name=huge", "hubs.patience_rounds=9")
    scenario = load_scenario(file, settings)
    assert isinstance(scenario.demand[0], DialogueDemand)
    assert scenario.demand[0].rate_per_s == 7.5
    assert scenario.providers[1].name == "huge"
    assert scenario.hubs.patience_rounds == 9


def test_a_setting_may_name_a_key_that_the_file_leaves_out(file: Path) -> None:
    assert (
        load_scenario(file, ("hubs.predictor.grace_period=99",)).hubs.predictor.grace_period == 99
    )
    assert load_scenario(file, ("clients.count=3",)).clients.count == 3


def test_paths_are_relative_to_the_file_or_to_where_the_setting_was_typed(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    file.write_text(yaml.safe_dump(GOOD | {"demand": [{"kind": "azure", "path": "a.csv"}]}))
    monkeypatch.chdir(elsewhere)
    (of_file,) = load_scenario(file).demand
    (of_setting,) = load_scenario(file, ("demand.0.path=a.csv",)).demand
    assert isinstance(of_file, AzureDemand)
    assert isinstance(of_setting, AzureDemand)
    assert of_file.path == tmp_path / "a.csv"
    assert of_setting.path == elsewhere / "a.csv"


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("rounds=0", "rounds: expected greater than or equal to 1, got 0"),
        ("rounds=many", "rounds: expected a whole number, got 'many'"),
        ("round_s=.nan", "round_s: expected a finite number, got nan"),
        ("providers.0.count=-3", "providers.0.count: expected greater than or equal to 1, got -3"),
        ("providers.0.cuont=3", "providers.0.cuont: unknown key; did you mean count?"),
        ("hubs.mechansim=random", "hubs.mechansim: unknown key; did you mean mechanism?"),
        (
            "providers.0.engine.sped=1",
            "providers.0.engine.sped: unknown key; did you mean speed?",
        ),
        (
            "providers.0.cost={base: {unifrom: [1, 2]}}",
            "providers.0.cost.base.unifrom: unknown key; did you mean uniform?",
        ),
        ("providers.0={nmae: a}", "providers.0.nmae: unknown key; did you mean name?"),
        ("providers.0.skill=high", "providers.0.skill: expected a number or a distribution, "),
        ("providers.0.strategy={by: 2}", "providers.0.strategy.kind: missing"),
        (
            "providers.0.strategy=aggressive",
            "providers.0.strategy: expected a mapping of keys to values, got 'aggressive'",
        ),
        (
            "providers.0.chat_slots=-1",
            "providers.0.chat_slots: expected greater than or equal to 0",
        ),
        ("providers.0.tier=0", "providers.0.tier: expected greater than or equal to 1, got 0"),
        ("providers.0.name=large", "providers: duplicate name 'large'"),
        ("providers.0.engine.profile=tpu", "expected a profile among llama-3.1-8b@rtx-4090"),
        ("providers.0.input_ratio={}", "providers.0.input_ratio: expected exactly one of constant"),
        ("providers.0.input_ratio=.inf", "providers.0.input_ratio.constant: expected a finite"),
        (
            "providers.0.cost.base={uniform: [3, 1]}",
            "providers.0.cost.base: expected uniform [low, high] with low <= high",
        ),
        (
            "providers.0.strategy={kind: sly}",
            "providers.0.strategy.kind: expected one of 'truthful', ",
        ),
        (
            "providers.0.strategy={kind: aggressive, by: 0.5}",
            "providers.0.strategy.by: expected greater than or equal to 1, got 0.5",
        ),
        (
            "providers.0.prior={kind: uniform, low: 3, high: 1}",
            "providers.0.prior: high: expected a number above low = 3, got 1",
        ),
        (
            "providers.0.prior={kind: empirical, samples: [1, nan]}",
            "providers.0.prior.samples.1: expected a finite number",
        ),
        (
            "providers.0.prior={kind: empirical, samples: [1], run: there}",
            "providers.0.prior.run: expected samples or the run to find them in, got both",
        ),
        (
            "providers.0.prior={kind: empirical, run: 3}",
            "providers.0.prior.run: expected the path of a run, got 3",
        ),
        (
            "hubs.workflow.prior={source: others, window: 3, min_samples: 2}",
            "hubs.workflow.prior: expected a window of at least 2 * min_samples = 4, got 3",
        ),
        ("providers.0.domains=[a, a]", "providers.0: expected different domains, got a, a"),
        ("providers.0.specialties=9", "providers.0: specialties: expected at most 2, the domains"),
        (
            "hubs.count=13",
            "hubs.count: expected 1 to 12, the number of providers with chat slots; got 13",
        ),
        (
            "hubs.mechanism=fair",
            "hubs.mechanism: expected one of auction, auction_per_request, auction_two_sided, ",
        ),
        (
            "demand.0.kind=songs",
            "demand.0.kind: expected one of 'dialogues', 'azure', 'mooncake', 'workflows'; "
            "got 'songs'",
        ),
        (
            "demand.0.domains={poetry: 1}",
            "demand.0.domains: expected domains that a provider names",
        ),
        ("demand.1.names=[S9]", "demand.1.names: expected names among S1, S2, S3, S4, random"),
        ("demand.0={kind: azure}", "demand.0.path: expected a trace file, got null"),
        ("demand.7.path=x", "expected an index from 0 to 1, got '7'"),
        ("seed.deeper=1", "'deeper' is not a key of 1"),
        ("demand", "expected KEY=VALUE, such as demand.0.rate_per_s=20"),
        ("compare=[auction, auction]", "compare: expected different names among"),
        ("hubs.patience_rounds=700", "drain_rounds: expected more than the patience of 700 rounds"),
    ],
)
def test_a_bad_value_is_named_with_its_key(file: Path, setting: str, expected: str) -> None:
    assert expected in problem(file, setting)


MANY_DIGITS = "9" * 5000


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        (
            f"providers.{MANY_DIGITS}.count=1",
            f"--set 'providers.{MANY_DIGITS[:46]}...: expected an index from 0 to 1, "
            f"got '{MANY_DIGITS[:56]}...",
        ),
        (
            "providers.\u0661.count=1",
            "--set providers.\u0661.count: expected an index from 0 to 1, got",
        ),
        (
            "providers.01.count=1",
            "--set providers.01.count: expected an index from 0 to 1, got '01'",
        ),
        ('providers.0.models={"a\\nb": 1}', r"providers.0.models.'a\nb': unknown key"),
        (f"hubs={{? {'k' * 500} : 1}}", f"hubs.'{'k' * 56}...: unknown key"),
        ("a\nb=1", r"'a\nb': unknown key"),
        ("a\nb", r"--set 'a\nb': expected KEY=VALUE, such as demand.0.rate_per_s=20"),
        ("seed.a\nb=1", r"--set 'seed.a\nb': 'a\nb' is not a key of 1"),
        (
            f"log={'x' * 99}",
            "log: expected a mapping of keys to values, got 'xxx",
        ),
        ('demand.0.kind="a\\nb"', "demand.0.kind: expected one of 'dialogues', "),
        (
            'compare=["a\\nb"]',
            "compare: expected different names among auction, auction_per_request, ",
        ),
        (f'demand.1.names=["{"x" * 999}"]', "demand.1.names: expected names among S1, S2, S3, "),
        ("demand.0.domains={? 'a\n\nb' : 1}", "demand.0.domains: expected domains that a "),
        ("rounds=0x" + "f" * 5000, "rounds: expected less than or equal to 10000000, got a number"),
        ("demand.0={kind: azure, kind: dialogues}", "--set demand.0: duplicate key 'kind'"),
        ("seed={a: 1, a: 2}", "--set seed: duplicate key 'a'"),
    ],
)
def test_a_hostile_setting_is_one_short_line(file: Path, setting: str, expected: str) -> None:
    line = problem(file, setting)
    assert line.startswith(expected)
    assert len(line) < 250
    assert line.isprintable()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("loop", "loop: cannot be read: Too many levels of symbolic links"),
        ("loop/x.json", "loop/x.json: cannot be read: Too many levels of symbolic links"),
        ("a\nb", r"a\nb: no such file"),
        ("a\0b", r"a\x00b: cannot be read: embedded null byte"),
    ],
)
def test_a_hostile_path_is_one_line(tmp_path: Path, file: Path, name: str, expected: str) -> None:
    (tmp_path / "loop").symlink_to("loop")
    demand = [{"kind": "dialogues", "rate_per_s": 4, "path": name}]
    file.write_text(yaml.safe_dump(GOOD | {"demand": demand}))
    with pytest.raises(BadInput) as caught:
        plan(load_scenario(file))
    assert str(caught.value) == f"{tmp_path}/{expected}"


def test_a_path_goes_through_links_as_the_system_does(tmp_path: Path, file: Path) -> None:
    (tmp_path / "far" / "deep").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "far" / "deep")
    (tmp_path / "far" / "a.csv").write_text("")
    setting = f"demand.0={{kind: azure, path: {tmp_path}/link/../a.csv}}"
    source = load_scenario(file, (setting,)).demand[0]
    assert isinstance(source, AzureDemand)
    assert source.file.exists()


def test_slots_for_nobody_are_an_error(file: Path) -> None:
    line = problem(file, "providers.0.chat_slots=0", "providers.0.workflow_slots=0")
    expected = "chat_slots and workflow_slots are both 0: it can serve nobody"
    assert line == f"providers.0: {expected}"


def test_a_difficulty_that_no_tier_meets_is_an_error(file: Path) -> None:
    line = problem(file, "providers.1.tier=2")
    expected = "S2 has nodes of difficulty 3, expected at most the highest tier with workflow slots"
    assert line == f"demand.1.names: {expected}, 2"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("seed: 1\nseed: 2\n", "line 2: duplicate key 'seed'"),
        ("seed: [1\n", "line 2: not YAML: expected ',' or ']', but got '<stream end>'"),
        ("seed: 2023-13-45\n", "not YAML that can be read: 'month must be in 1..12'"),
        ("? [a, b]\n: 1\n", "line 1: expected a text as a key, got a list or a mapping"),
        (f"seed: {'[' * 3000}", "line 1: expected at most 50 levels of nesting, got more"),
        ("- 1\n", "expected a mapping of keys, such as seed, providers, demand"),
        ("", "expected a mapping of keys, such as seed, providers, demand"),
        ("seed: 1\n", "rounds: missing"),
    ],
)
def test_a_bad_file_is_named_with_its_line(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    assert problem(path).startswith(expected)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert problem(tmp_path / "none.yaml") == "no such file"


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    path = tmp_path / "binary.yaml"
    path.write_bytes(b"\xff\xfe\x00\x01")
    assert problem(path) == "expected UTF-8 text"


@pytest.fixture
def priced(tmp_path: Path) -> Path:
    """A scenario beside a catalogue and a score table, in which its one group finds its models."""
    models = {"catalogue": "prices.json", "scores": "scores.csv", "domains": DOMAINS}
    write_catalogue(tmp_path)
    write_scores(tmp_path)
    path = tmp_path / "market.yaml"
    path.write_text(
        yaml.safe_dump(GOOD | {"providers": [{"name": "api", "count": 9, "models": models}]})
    )
    return path


def test_the_models_found_stand_in_the_scenario_and_name_the_domains(priced: Path) -> None:
    (group,) = load_scenario(priced).providers
    assert group.models is not None
    assert [(model.name, model.tier) for model in group.models] == [
        ("acme/good-8b-instruct", 2),
        ("acme/best-70b", 3),
        ("bazaar/vendor/Good-8B-Instruct", 2),
        ("bazaar/vendor/weak_1_5b", 1),
    ]
    assert group.domains == ("math", "writing")


def test_a_scenario_with_models_comes_back_without_the_files(priced: Path, tmp_path: Path) -> None:
    scenario = load_scenario(priced)
    for name in ("prices.json", "scores.csv"):
        (tmp_path / name).unlink()
    assert Scenario.model_validate_json(scenario.model_dump_json()) == scenario
    copy = tmp_path / "copy.yaml"
    copy.write_text(yaml.safe_dump(scenario.model_dump(mode="json")))
    assert load_scenario(copy) == scenario


def test_the_domains_of_models_may_be_named_but_not_others(priced: Path) -> None:
    (group,) = load_scenario(priced, ("providers.0.domains=[writing, math]",)).providers
    assert group.domains == ("writing", "math")
    assert problem(priced, "providers.0.domains=[math]") == (
        "providers.0: domains: expected those of the models' skills (math, writing), got math"
    )


def test_models_without_skills_need_the_domains_of_the_group(priced: Path) -> None:
    only_prices = f"providers.0.models={{catalogue: {priced.parent / 'prices.json'}}}"
    assert problem(priced, only_prices) == "providers.0.domains: missing"
    (group,) = load_scenario(priced, (only_prices, "providers.0.domains=[law]")).providers
    assert group.models is not None
    assert len(group.models) == 5


@pytest.mark.parametrize("whole", [False, True])
def test_paths_of_models_are_relative_to_the_file_or_to_where_the_setting_was_typed(
    priced: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole: bool
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert load_scenario(priced).providers[0].models
    setting = "providers.0.models.catalogue=prices.json"
    if whole:
        setting = "providers.0.models={catalogue: prices.json, scores: ../scores.csv}"
    with pytest.raises(BadInput) as caught:
        load_scenario(priced, (setting,))
    assert str(caught.value) == f"{elsewhere / 'prices.json'}: no such file"
    write_catalogue(elsewhere)
    assert load_scenario(priced, (setting,)).providers[0].models


def test_a_difficulty_is_measured_by_the_tiers_of_the_models(priced: Path) -> None:
    assert load_scenario(priced).providers[0].highest_tier == 3
    line = problem(priced, "providers.0.models.tiers=2", "providers.0.tier=3")
    assert line.endswith("expected at most the highest tier with workflow slots, 2")


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (
            ("providers.0.models={}",),
            "providers.0.models: expected the path of a catalogue, of scores, or of both; "
            "got neither",
        ),
        (
            ("providers.0.domains=[law]", "providers.0.models=[]"),
            "providers.0.models: Tuple should",
        ),
        (
            ("providers.0.domains=[law]", "providers.0.models=x"),
            "providers.0.models: expected a list, got 'x'",
        ),
        (("providers.0.models.catalogue=3",), "providers.0.models.catalogue: "),
        (("providers.0.models.catalog=x",), "providers.0.models.catalog: unknown key"),
        (
            ("providers.0.models.tiers=0",),
            "providers.0.models.tiers: expected greater than or equal to 1, got 0",
        ),
        (
            ("providers.0.models.sellers=[acne]",),
            "providers.0.models.sellers: expected sellers of ",
        ),
        (
            ("providers.0.models.domains={math: [sums], proofs: [sums]}",),
            "providers.0.models.domains: expected each task once, got 'sums' in math and in proofs",
        ),
        (
            ("providers.0.models.domains={math: [summs]}",),
            "providers.0.models.domains.math: expected tasks of ",
        ),
        (
            (
                "providers.0.domains=[law]",
                "providers.0.models=[{name: a, tier: 1, skills: {law: 2}}]",
            ),
            "providers.0.models.0.skills.law: expected less than or equal to 1, got 2",
        ),
        (
            ("providers.0.cost_over_price=0",),
            "providers.0.cost_over_price: expected numbers from 0.001 to 1000 ",
        ),
        (("providers=3",), "providers: expected a list, got 3"),
        (("providers=[3]",), "providers.0: "),
    ],
)
def test_a_bad_supply_is_named_with_its_key(
    priced: Path, settings: tuple[str, ...], expected: str
) -> None:
    assert problem(priced, *settings).startswith(expected)


def test_a_bad_file_of_models_is_named_with_its_line(priced: Path, tmp_path: Path) -> None:
    (tmp_path / "scores.csv").write_text("prompt,score\n")
    with pytest.raises(BadInput) as caught:
        load_scenario(priced)
    assert str(caught.value).startswith(f"{tmp_path / 'scores.csv'}: line 1: expected split,idx,")


def test_a_path_that_cannot_be_one_is_named(priced: Path) -> None:
    priced.write_text(priced.read_text().replace("scores.csv", '"a\\0b"'))
    with pytest.raises(BadInput, match=r"a\\x00b: cannot be read: embedded null byte"):
        load_scenario(priced)


def some_models(*tiers: int) -> list[dict[str, object]]:
    return [{"name": f"model-{tier}", "tier": tier} for tier in tiers]


def test_the_difficulties_of_named_workflows_are_measured_by_the_providers_drawn(
    file: Path,
) -> None:
    one = GROUPS[0] | {"count": 1, "models": some_models(1, 3)}
    file.write_text(yaml.safe_dump(GOOD | {"providers": [one], "hubs": {"count": 1}}))
    drawn: dict[int, Scenario] = {}
    for seed in range(20):
        scenario = load_scenario(file, (f"seed={seed}",))
        (provider,) = build_providers(scenario, trial_seed(scenario, 0))
        drawn[provider.profile.tier] = scenario
    assert plan(drawn[3]).workflows == 1
    with pytest.raises(BadInput) as caught:
        plan(drawn[1])
    assert str(caught.value) == (
        "demand.1.names: S2 has nodes of difficulty 3, expected at most the highest tier with "
        "workflow slots, 1"
    )


def test_who_was_drawn_without_workflow_slots_does_no_workflow(file: Path) -> None:
    chatting = GROUPS[0] | {"count": 2, "workflow_slots": 0, "models": some_models(3)}
    groups = [chatting, GROUPS[1] | {"count": 1, "models": some_models(1, 1)[:1]}]
    easy = {"kind": "workflows", "path": str(file.parent / "w.json"), "every_rounds": 1}
    file.write_text(yaml.safe_dump(GOOD | {"providers": groups, "demand": [easy]}))
    node = {"id": "a\nb", "output_tokens": 5, "difficulty": 3}
    (file.parent / "w.json").write_text(json.dumps({"nodes": [node], "edges": []}))
    with pytest.raises(BadInput) as caught:
        plan(load_scenario(file))
    assert str(caught.value) == (
        rf"{file.parent / 'w.json'}: node 'a\nb': expected a difficulty of at most 1, the highest "
        "tier with workflow slots; got 3"
    )


def test_cached_input_that_is_dearer_than_other_input_is_told_before_it_is_charged(
    file: Path,
) -> None:
    chatting = GROUPS[0] | {"hit_ratio": 0.9, "workflow_slots": 0}
    selling = GROUPS[-1] | {"count": 1, "input_ratio": 0.25, "hit_ratio": 0.5}
    file.write_text(yaml.safe_dump(GOOD | {"providers": [chatting, selling]}))
    assert plan(load_scenario(file)).providers > 1
    with pytest.raises(BadInput, match=r"-000'\.hit_ratio: expected at most its input_ratio, 0.25"):
        plan(load_scenario(file, ("hubs.workflow.charge_cached_input=true",)))


def test_of_several_workflows_in_a_file_the_difficult_one_is_named(file: Path) -> None:
    graphs = [{"path": str(one), "nodes": [{"id": "a"}], "edges": []} for one in range(9)]
    path = file.parent / "graphs.json"
    path.write_text(json.dumps(graphs))
    demand = {"kind": "workflows", "path": str(path), "format": "graphs", "every_rounds": 1}
    file.write_text(
        yaml.safe_dump(GOOD | {"providers": [GROUPS[0] | {"tier": 1}], "demand": [demand]})
    )
    hard = [workflow.nodes[0].difficulty or 0 for workflow in read_graphs(path)]
    number, difficulty = next((n, one) for n, one in enumerate(hard) if one > 1)
    with pytest.raises(BadInput) as caught:
        plan(load_scenario(file))
    assert str(caught.value) == (
        f"{path}: workflow {number}: node 'a': expected a difficulty of at most 1, the highest "
        f"tier with workflow slots; got {difficulty}"
    )


def test_a_plan_with_real_engines_takes_as_long_as_its_rounds() -> None:
    scenario = load_scenario(EXAMPLES["vllm"])
    simulated = {"kind": "simulated"}
    groups = tuple(
        ProviderGroup.model_validate(group.model_dump() | {"engine": simulated})
        for group in scenario.providers
    )
    assert plan(scenario).seconds == scenario.horizon_s
    assert plan(scenario.model_copy(update={"providers": groups})).seconds < 5
