"""The files that describe clusters, and the page about them, hold what they promise."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import click
import jsonschema
import pytest
import yaml
from ray.autoscaler._private.kuberay.autoscaling_config import (
    _derive_autoscaling_config_from_ray_cr,
)
from ray.autoscaler._private.util import prepare_config, validate_config
from ray.scripts.scripts import cli as ray_command

from orchestrator.cli import main as walras_command
from orchestrator.on_ray.packing import ACTOR_MEMORY_BYTES
from orchestrator.scenario.model import PackingParams
from tests.documents import MISSING, changed

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "cluster.md").read_text(encoding="utf-8")
LAUNCHER_TEXT = (ROOT / "cluster.yaml").read_text(encoding="utf-8")
LAUNCHER = yaml.safe_load(LAUNCHER_TEXT)
JOB_TEXT = (ROOT / "docs" / "rayjob.yaml").read_text(encoding="utf-8")
JOB = yaml.safe_load(JOB_TEXT)
FIELDS = yaml.safe_load((ROOT / "tests" / "data" / "rayjob_fields.yaml").read_text())["schema"]

#: A block of the page: its language, and its text.
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
CHECKOUT = "/home/ray/walras"


def blocks(language: str) -> list[str]:
    return [text for name, text in BLOCKS if name == language]


def commands() -> list[str]:
    """The lines of the page that are typed, rather than printed."""
    typed = re.compile(r"(walras|ray|kubectl|docker|pip|export) ")
    return [line for text in blocks("") for line in text.splitlines() if typed.match(line)]


def launcher_faults(document: dict[str, Any]) -> list[str]:
    """What is wrong with a file for Ray's cluster launcher: what Ray says, or else what we say."""
    try:
        validate_config(prepare_config(document))
    except (AssertionError, ValueError, jsonschema.ValidationError) as error:
        return [str(error)]
    kinds = document["available_node_types"]
    counts = {
        name: (kind.get("min_workers", 0), kind.get("max_workers", 0))
        for name, kind in kinds.items()
    }
    faults = [
        f"{name}: {low} is more than {high}" for name, (low, high) in counts.items() if low > high
    ]
    faults += [
        f"{name}: no CPUs are stated"
        for name, kind in kinds.items()
        if "CPU" not in kind["resources"]
    ]
    if sum(high for _, high in counts.values()) > document["max_workers"]:
        faults.append("max_workers: the node types may have more")
    return faults


def closed(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema, where fields that are not listed are errors."""
    answer = dict(schema)
    if "items" in schema:
        answer["items"] = closed(schema["items"])
    if "properties" in schema:
        answer["properties"] = {name: closed(s) for name, s in schema["properties"].items()}
        answer["additionalProperties"] = False
    return answer


def job_faults(document: dict[str, Any]) -> list[str]:
    """Where a RayJob departs from the fields that KubeRay publishes."""
    errors = jsonschema.Draft7Validator(closed(FIELDS)).iter_errors(document)
    return [f"{'.'.join(map(str, error.path))}: {error.message}" for error in errors]


def parse(command: click.Command, words: list[str]) -> click.Context:
    """Parse a command line of click's; nothing runs."""
    if isinstance(command, click.Group):
        return parse(command.commands[words[0]], words[1:])
    return command.make_context(str(command.name), list(words))


def test_the_launcher_s_file_is_valid_for_ray() -> None:
    assert launcher_faults(LAUNCHER) == []


@pytest.mark.parametrize(
    ("path", "value", "part"),
    [
        ("min_nodes", 1, "'min_nodes' was unexpected"),
        ("cluster_name", 7, "7 is not of type 'string'"),
        ("head_node_type", MISSING, "must be one of `available_node_types`"),
        ("head_node_type", "hed", "must be one of `available_node_types`"),
        ("available_node_types.cpu_host.minimum", 1, "'minimum' was unexpected"),
        ("available_node_types.cpu_host.node_config", MISSING, "'node_config' is a required"),
        ("available_node_types.cpu_host.resources", MISSING, "'resources' is a required"),
        ("available_node_types.cpu_host.resources.CPU", -1, "less than the minimum"),
        ("available_node_types.cpu_host.resources.CPU", MISSING, "cpu_host: no CPUs are stated"),
        ("available_node_types.cpu_host.min_workers", 20, "smaller than the sum of `min_workers`"),
        ("available_node_types.cpu_host.min_workers", 9, "cpu_host: 9 is more than 8"),
        ("available_node_types.gpu_host.max_workers", 40, "the node types may have more"),
        ("docker.container_name", MISSING, "Must provide a container"),
        ("docker.img", "ray", "'img' was unexpected"),
        ("initialization_commands", "mount", "is not of type 'array'"),
        ("auth.user", "ubuntu", "'user' was unexpected"),
    ],
)
def test_a_wrong_launcher_s_file_is_found(path: str, value: object, part: str) -> None:
    assert part in "; ".join(launcher_faults(changed(LAUNCHER, path, value)))


def test_the_launcher_installs_the_checkout_that_it_mounts() -> None:
    assert LAUNCHER["file_mounts"][CHECKOUT] == "."
    (install,) = LAUNCHER["setup_commands"]
    assert f"-e {CHECKOUT} -c {CHECKOUT}/constraints.txt" in install


def test_the_head_keeps_its_cpus_to_itself_and_only_gpu_hosts_offer_gpus() -> None:
    kinds = LAUNCHER["available_node_types"]
    assert {name: kind["resources"]["CPU"] > 0 for name, kind in kinds.items()} == {
        "head": False,
        "cpu_host": True,
        "gpu_host": True,
    }
    assert [name for name, kind in kinds.items() if kind["resources"].get("GPU")] == ["gpu_host"]


def test_storage_that_is_chosen_leaves_the_launcher_s_file_valid() -> None:
    chosen = LAUNCHER_TEXT.replace("\n  # - ", "\n  - ")
    document = yaml.safe_load(chosen)
    extra = len(document["initialization_commands"]) - len(LAUNCHER["initialization_commands"])
    assert (extra, launcher_faults(document)) == (3, [])


def test_commands_of_the_launcher_s_file_and_of_the_page_are_shell() -> None:
    document = yaml.safe_load(LAUNCHER_TEXT.replace("\n  # - ", "\n  - "))
    for command in document["initialization_commands"] + document["setup_commands"] + commands():
        subprocess.run(["bash", "-n", "-c", command], check=True)


def test_machines_of_one_s_own_are_valid_for_ray() -> None:
    (own,) = [yaml.safe_load(text) for text in blocks("yaml") if "type: local" in text]
    dropped = ("available_node_types", "head_node_type", "max_workers")
    document = {key: value for key, value in LAUNCHER.items() if key not in dropped} | own
    validate_config(prepare_config(document))
    assert all(f"`{key}`" in PAGE for key in dropped)


def test_the_job_has_only_fields_that_kuberay_publishes() -> None:
    assert job_faults(JOB) == []


@pytest.mark.parametrize(
    ("path", "value", "part"),
    [
        ("apiVersion", "ray.io/v2", "'ray.io/v2' is not one of"),
        ("kind", "RayCluster", "'RayCluster' is not one of"),
        ("metadata.name", MISSING, "'name' is a required property"),
        ("spec.submissionMode", "Http", "'Http' is not one of"),
        ("spec.shutdownAfterFinish", True, "'shutdownAfterFinish' was unexpected"),
        ("spec.ttlSecondsAfterFinished", "600", "'600' is not of type 'integer'"),
        ("spec.rayClusterSpec.headGroupSpec", MISSING, "'headGroupSpec' is a required property"),
        ("spec.rayClusterSpec.autoscalerOptions.version", "v3", "'v3' is not one of"),
        ("spec.rayClusterSpec.headGroupSpec.rayStartParams.num-cpus", 0, "not of type 'string'"),
        ("spec.rayClusterSpec.workerGroupSpecs.0.groupName", MISSING, "'groupName' is a required"),
        ("spec.rayClusterSpec.workerGroupSpecs.1.maxWorkers", 4, "'maxWorkers' was unexpected"),
        (
            "spec.rayClusterSpec.workerGroupSpecs.1.template.spec.containers.0.resource",
            {},
            "'resource' was unexpected",
        ),
        (
            "spec.rayClusterSpec.headGroupSpec.template.spec.volumes.0.persistentVolumeClaim",
            {"claim": "walras-runs"},
            "'claim' was unexpected",
        ),
    ],
)
def test_a_wrong_job_is_found(path: str, value: object, part: str) -> None:
    assert part in "; ".join(job_faults(changed(JOB, path, value)))


def test_ray_reads_the_job_s_groups_as_they_are_meant() -> None:
    cluster = {"metadata": {"name": "walras", "namespace": "default"}}
    read = _derive_autoscaling_config_from_ray_cr(cluster | {"spec": JOB["spec"]["rayClusterSpec"]})
    validate_config(read)
    groups = {
        name: (kind["min_workers"], kind["max_workers"], kind["resources"]["CPU"])
        for name, kind in read["available_node_types"].items()
    }
    assert groups == {"headgroup": (0, 0, 0), "cpu-host": (1, 8, 8), "gpu-host": (0, 4, 8)}
    assert read["available_node_types"]["gpu-host"]["resources"]["GPU"] == 1


def test_the_job_writes_its_log_to_the_claim_of_the_page() -> None:
    pod = JOB["spec"]["rayClusterSpec"]["headGroupSpec"]["template"]["spec"]
    (volume,) = pod["volumes"]
    (mount,) = pod["containers"][0]["volumeMounts"]
    (claim,) = [yaml.safe_load(text) for text in blocks("yaml") if "PersistentVolumeClaim" in text]
    assert volume["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]
    assert (mount["name"], mount["mountPath"]) == (volume["name"], "/runs")
    out = parse(walras_command, shlex.split(JOB["spec"]["entrypoint"])[1:]).params["out"]
    assert out.parent == Path(mount["mountPath"])


def test_the_job_runs_a_scenario_of_the_checkout() -> None:
    scenario = parse(walras_command, shlex.split(JOB["spec"]["entrypoint"])[1:]).params["scenario"]
    assert (ROOT / scenario.relative_to(CHECKOUT)).is_file()


@pytest.mark.parametrize("text", [LAUNCHER_TEXT, JOB_TEXT, PAGE], ids=["launcher", "job", "page"])
def test_the_version_of_ray_is_the_pinned_one(text: str) -> None:
    constraints = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    (pinned,) = re.findall(r"^ray==(.+)$", constraints, re.MULTILINE)
    named = re.findall(r"(?:rayproject/ray:|rayVersion: )([\d.]+)", text)
    assert set(named) == {pinned}


def test_every_command_of_walras_in_the_page_parses() -> None:
    told = [shlex.split(line) for line in commands()]
    told += [words[words.index("--") + 1 :] for words in told if "--" in words]
    ours = [words for words in told if words[0] == "walras"]
    assert len(ours) >= 4
    for words in ours:
        context = parse(walras_command, words[1:])
        out = context.params.get("out")
        assert out is None or out.is_absolute()


def test_every_command_of_ray_in_the_page_parses() -> None:
    theirs = [shlex.split(line) for line in commands() if line.startswith("ray ")]
    assert {words[1] for words in theirs} >= {"up", "down", "start", "job", "status", "rsync-down"}
    for words in theirs:
        parse(ray_command, words[1:])


@pytest.mark.parametrize("command", ["walras run x.yaml --rey auto", "walras ran x.yaml"])
def test_a_wrong_command_does_not_parse(command: str) -> None:
    with pytest.raises((click.UsageError, KeyError)):
        parse(walras_command, shlex.split(command)[1:])


def test_the_page_names_what_an_actor_asks_for() -> None:
    cpus = PackingParams().cpus_per_actor
    assert PAGE.count(f"{cpus:g} CPU, {ACTOR_MEMORY_BYTES // 2**20} MiB") == 2


def test_files_that_the_page_names_exist() -> None:
    named = re.findall(r"\]\(([\w./]+)\)", PAGE)
    assert named
    assert all((ROOT / "docs" / name).is_file() for name in named)
