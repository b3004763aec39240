"""What the scenario reference has, in reading order, and an example for each kind.

An example stands where its section says; a test loads every one of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from agents.client import ClientParams
from agents.cost import CostParams
from agents.cost.replay import PriceSeries
from agents.electricity import Electricity
from agents.engine_params import EngineParams
from agents.params import Distribution
from agents.presence import EntryExitParams, OutageParams
from agents.prior import PriorParams
from agents.provider_group import ProviderGroup
from agents.served_model import ServedModel
from agents.strategy import ClientPanel, Panel, Strategy
from hubs.admission import AdmissionParams
from hubs.mechanisms import ExplorationParams
from hubs.params import HubParams, PriorLearningParams, WorkflowHubParams
from hubs.prediction import PredictorParams
from orchestrator.demand import DemandParams
from orchestrator.demand.shape import DialogueShape
from orchestrator.faults.params import FaultParams, ListedFault, MeanUp
from orchestrator.reference.keys import models_in
from orchestrator.scenario.model import LogParams, PackingParams, Scenario

SCENARIO, GROUP = "at the top of the scenario", "in a group of `providers`"


@dataclass(frozen=True)
class Section:
    """A model, or several that ``kind`` tells apart.

    Attributes:
        title: the heading.
        noun: what one of them is called, and more than one in ``nouns``.
        of: the model, or the union of the kinds.
        stands: where the keys of its examples stand, ``SCENARIO`` or ``GROUP``.
        examples: YAML by kind; by the empty text where there are no kinds.
        nouns: by default the noun and an s.
    """

    title: str
    noun: str
    of: Any
    stands: str = SCENARIO
    examples: Mapping[str, str] = field(default_factory=dict)
    nouns: str = ""

    @property
    def models(self) -> tuple[type[BaseModel], ...]:
        """Its models, in order."""
        return models_in(self.of) or (self.of,)

    @property
    def is_union(self) -> bool:
        """Whether ``kind`` tells its models apart."""
        return not isinstance(self.of, type)

    @property
    def anchor(self) -> str:
        """The heading's, on GitHub and in MkDocs alike."""
        return self.title.lower().replace(" ", "-")

    def link(self, *, several: bool) -> str:
        """A link in a sentence."""
        noun = (self.nouns or f"{self.noun}s") if several else self.noun
        return f"[{noun}](#{self.anchor})"


SECTIONS = (
    Section(
        "The scenario",
        "scenario",
        Scenario,
        examples={
            "": """\
seed: 7
rounds: 20
providers:
  - {name: small, count: 8, domains: [code, law], chat_slots: 2}
hubs: {count: 2}
demand:
  - {kind: dialogues, rate_per_s: 5}
compare: [random]"""
        },
    ),
    Section(
        "Distributions",
        "distribution",
        Distribution,
        GROUP,
        {
            "": """\
skill: 0.8                              # a constant
skill_elsewhere: {uniform: [0.2, 0.4]}
input_ratio: {choice: [0.2, 0.25]}
hit_ratio: {normal: [0.025, 0.005]}
engine: {speed: {lognormal: [1.0, 0.2]}}"""
        },
    ),
    Section(
        "Electricity",
        "electricity",
        Electricity,
        examples={
            "": "electricity: {beta: 1.5, day_s: 120, start_hour: 8}   # a day is two minutes"
        },
    ),
    Section(
        "Providers",
        "provider group",
        ProviderGroup,
        examples={
            "": """\
providers:
  - name: large
    count: 4
    tier: 3
    domains: [code, law]
    specialties: 2
    chat_slots: 4
    workflow_slots: 2
    engine: {profile: llama-3.3-70b@4xh100}
    cost: {kind: paper, base: {uniform: [2.5, 7.5]}}
    strategy: {kind: truthful}"""
        },
    ),
    Section(
        "Engines",
        "engine",
        EngineParams,
        GROUP,
        {
            "simulated": "engine: {kind: simulated, profile: qwen3-32b@h200, kv_blocks: 3072}",
            "vllm": """\
engine:
  kind: vllm
  model: HuggingFaceTB/SmolLM2-135M-Instruct
  profile: smollm2-135m@cpu
  kv_cache_memory_bytes: 268435456
  max_model_len: 2048""",
            "openai": """\
engine:
  kind: openai
  base_url: http://127.0.0.1:8000/v1
  model: served
  api_key_env: VLLM_API_KEY
  profile: llama-3.1-8b@h100""",
        },
    ),
    Section(
        "Costs",
        "cost",
        CostParams,
        GROUP,
        {
            "paper": "cost: {kind: paper, base: {uniform: [0.1, 0.3]}, scarcity: [0.5, 1.0]}",
            "constant": """\
cost: {kind: constant, base: 0.4}
prior: {kind: uniform, low: 0.1, high: 1.0}     # from_cost needs something private""",
            "electricity": """\
cost:
  kind: scarcity
  of: {kind: electricity, path: prices.csv, column: real_price, power_w: 700, pue: 1.3}""",
            "spot": """\
cost:
  kind: scarcity
  of: {kind: spot, path: spot.csv, instance_type: p3.2xlarge}""",
            "scarcity": """\
cost: {kind: scarcity, between: [0.5, 1.0], of: {kind: constant, base: 0.4}}""",
            "load": "cost: {kind: load, slope: 1.0, of: {kind: constant, base: 0.4}}",
            "sum": """\
cost:
  kind: sum
  of:
    - {kind: constant, base: 0.2}
    - {kind: paper, base: {uniform: [0.1, 0.3]}}""",
        },
    ),
    Section(
        "Price series",
        "price series",
        PriceSeries,
        GROUP,
        {
            "": """\
cost:
  kind: scarcity
  of:
    kind: electricity
    series: {times_s: [0, 3600, 7200], prices: [41.5, 38.0, 45.2]}
    power_w: 700"""
        },
        "price series",
    ),
    Section(
        "Strategies",
        "strategy",
        Strategy,
        GROUP,
        {
            "truthful": "strategy: {kind: truthful}",
            "aggressive": "strategy: {kind: aggressive, by: 1.25}",
            "conservative": "strategy: {kind: conservative, by: 0.8}",
            "random": "strategy: {kind: random, between: [0.7, 1.5]}",
            "no_regret": "strategy: {kind: no_regret, factors: [0.8, 1.0, 1.25]}",
            "best_response": "strategy: {kind: best_response, most: 3.0}",
            "ring": "strategy: {kind: ring, members: [small-000, small-001], rest: 2.0}",
        },
        "strategies",
    ),
    Section(
        "Panels of providers",
        "panel",
        Panel,
        GROUP,
        {"": "panel: {count: 1, strategy: {kind: aggressive, by: 1.5}}"},
    ),
    Section(
        "Priors",
        "prior",
        PriorParams,
        GROUP,
        {
            "from_cost": "prior: {kind: from_cost}",
            "uniform": "prior: {kind: uniform, low: 0.05, high: 2.0}",
            "truncated_normal": """\
prior: {kind: truncated_normal, mean: 0.8, deviation: 0.4, low: 0.05, high: 2.0}""",
            "truncated_lognormal": """\
prior: {kind: truncated_lognormal, median: 0.6, sigma: 0.8, low: 0.05, high: 2.0}""",
            "empirical": "prior: {kind: empirical, samples: [0.3, 0.5, 0.6, 0.9], high: 2.0}",
        },
    ),
    Section(
        "Outages",
        "outages",
        OutageParams,
        GROUP,
        {
            "drawn": "outages: {kind: drawn, up_s: 180, down_s: 30}",
            "listed": "outages: {kind: listed, periods: [[5, 10], [15, 18]]}",
        },
        "outages",
    ),
    Section(
        "Entry and exit",
        "entry and exit",
        EntryExitParams,
        GROUP,
        {"": "entry_exit: {fixed_usd_per_s: {uniform: [0.00002, 0.0002]}, window_s: 30}"},
    ),
    Section(
        "Served models",
        "served model",
        ServedModel,
        GROUP,
        {
            "": """\
models:
  - {name: swift, tier: 1, output_usd_per_mtok: 0.4, input_ratio: 0.25}
  - {name: deep, tier: 3, output_usd_per_mtok: 4.0, input_ratio: 0.2, hit_ratio: 0.02}"""
        },
    ),
    Section(
        "Clients",
        "clients",
        ClientParams,
        examples={
            "": """\
clients:
  count: 200
  quality_usd: {lognormal: [0.0005, 0.6]}
  strategy: {kind: conservative, by: 0.8}"""
        },
    ),
    Section(
        "Panels of clients",
        "panel",
        ClientPanel,
        examples={"": "clients: {count: 200, panel: {count: 5, strategy: {kind: aggressive}}}"},
    ),
    Section(
        "Hubs",
        "hubs",
        HubParams,
        examples={"": "hubs: {count: 2, cluster: capability, mechanism: auction_two_sided}"},
    ),
    Section(
        "Admission",
        "admission",
        AdmissionParams,
        examples={"": "hubs: {count: 2, admission: {waiting: 4, per_round: 2}}"},
    ),
    Section(
        "Exploration",
        "exploration",
        ExplorationParams,
        examples={"": "hubs: {count: 2, exploration: {rate: 0.05, warm_up_rounds: 5}}"},
    ),
    Section(
        "Predictors",
        "predictor",
        PredictorParams,
        examples={"": "hubs: {count: 2, predictor: {kind: trees, confidence: 1.0}}"},
    ),
    Section(
        "The workflow hub",
        "workflow hub",
        WorkflowHubParams,
        examples={"": "hubs: {count: 2, workflow: {mechanism: star, settle: realized}}"},
    ),
    Section(
        "Prior learning",
        "prior learning",
        PriorLearningParams,
        examples={
            "": "hubs: {count: 2, workflow: {prior: {source: disjoint_pool, min_samples: 20}}}"
        },
    ),
    Section(
        "Demand",
        "source of demand",
        DemandParams,
        examples={
            "dialogues": """\
demand:
  - {kind: dialogues, rate_per_s: 5, domains: {code: 2, law: 1}}""",
            "azure": """\
demand:
  - {kind: azure, path: trace.csv, rate_scale: 10}""",
            "mooncake": """\
demand:
  - {kind: mooncake, path: trace.jsonl, limit: 5000}""",
            "workflows": """\
demand:
  - {kind: workflows, names: [S1, S2], every_rounds: 5, execution_token_scale: 0.002}""",
        },
        nouns="sources of demand",
    ),
    Section(
        "The shape of dialogues",
        "shape",
        DialogueShape,
        examples={
            "": """\
demand:
  - kind: dialogues
    rate_per_s: 5
    shape: {turns: {uniform: [2, 5]}, answer_tokens: 80}"""
        },
    ),
    Section(
        "Faults",
        "faults",
        FaultParams,
        examples={"": "faults: {requests: reauction, providers: {mean_up_s: 600}, down_rounds: 5}"},
    ),
    Section(
        "Drawn faults",
        "drawn faults",
        MeanUp,
        examples={"": "faults: {hangs: {mean_up_s: 900}, deadline_s: 5}"},
    ),
    Section(
        "Listed faults",
        "listed fault",
        ListedFault,
        examples={
            "": """\
faults:
  listed:
    - {round: 5, provider: small-000}
    - {round: 8, hub: hub-0}"""
        },
    ),
    Section(
        "The log",
        "log",
        LogParams,
        examples={"": "log: {predictions: awarded, checkpoint_rounds: 50}"},
    ),
    Section(
        "Packing",
        "packing",
        PackingParams,
        examples={"": "packing: {providers_per_actor: 50, hubs_per_actor: 4}"},
    ),
)
