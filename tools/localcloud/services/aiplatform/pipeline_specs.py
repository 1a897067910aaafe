"""Compiled pipelines (Kubeflow Pipelines' intermediate representation, schema 2): checked, and read task by task.

Source: https://github.com/kubeflow/pipelines/blob/master/api/v2alpha1/pipeline_spec.proto. Pipelines of containers and importers run
here; loops, conditions and pipelines within a pipeline, which all are tasks with tasks of their own, do not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any

from localcloud.engine.service import Body
from localcloud.errors import CloudError, invalid, unimplemented
from localcloud.services.aiplatform import machines

_FIELD = "pipeline_job.pipeline_spec"
_VALUES = "pipeline_job.runtime_config.parameter_values"
_MOST = 1000
_MOST_EDGES = 20_000
_MOST_RETRIES = 10
_IGNORES_FAILURES = "ALL_UPSTREAM_TASKS_COMPLETED"
_TYPES: Mapping[str, tuple[type, ...]] = {
    "STRING": (str,),
    "NUMBER_INTEGER": (int, float),
    "NUMBER_DOUBLE": (int, float),
    "BOOLEAN": (bool,),
    "LIST": (list,),
    "STRUCT": (dict,),
}
_NUMBERS = ("NUMBER_INTEGER", "NUMBER_DOUBLE")
_OTHERS = ("parameterIterator", "artifactIterator")
_UNITS = {"m": 1e-3, "K": 1e-6, "M": 1e-3, "T": 1e3}
_SIZES = (4, 8, 16, 32)
_GIB = {4: 16, 8: 32, 16: 64, 32: 128}
"""vCPUs of e2-standard and n1-standard machines for a task, and GiB that either has at most for them."""


@dataclass(frozen=True)
class Task:
    """A task of a pipeline: its spec, its component and its executor."""

    name: str
    spec: Body
    component: Body
    executor: Body

    @property
    def upstream(self) -> frozenset[str]:
        """The tasks that must have ended before it."""
        inputs = self.spec.get("inputs", {})
        sources = [*inputs.get("parameters", {}).values(), *inputs.get("artifacts", {}).values()]
        kinds = ("taskOutputParameter", "taskOutputArtifact")
        producers = {one[kind].get("producerTask", "") for one in sources for kind in kinds if kind in one}
        return frozenset({*self.spec.get("dependentTasks", []), *producers})

    @property
    def ignores_failures(self) -> bool:
        """Whether it runs even if a task before it failed."""
        return bool(self.spec.get("triggerPolicy", {}).get("strategy") == _IGNORES_FAILURES)

    @property
    def tries(self) -> int:
        """How often it is tried at most."""
        return 1 + min(int(self.spec.get("retryPolicy", {}).get("maxRetryCount", 0)), _MOST_RETRIES)

    @property
    def machine(self) -> Body:
        """The machineSpec for its container's resources."""
        wanted = self.executor.get("container", {}).get("resources", {})
        cpus = _number(wanted, "cpuLimit", "resourceCpuLimit")
        memory = _number(wanted, "memoryLimit", "resourceMemoryLimit")
        size = next((one for one in _SIZES if one >= cpus and _GIB[one] >= memory), _SIZES[-1])
        gpu = wanted.get("accelerator", {})
        kind, count = gpu.get("type") or gpu.get("resourceType"), gpu.get("count") or gpu.get("resourceCount")
        if not kind or not count:
            return {"machineType": f"e2-standard-{size}"}
        return {"machineType": f"n1-standard-{size}", "acceleratorType": kind, "acceleratorCount": int(count)}


def tasks(spec: Body) -> dict[str, Task]:
    """The tasks of a checked pipeline by name."""
    components, executors = spec["components"], spec["deploymentSpec"]["executors"]
    found = {}
    for name, task in spec["root"]["dag"]["tasks"].items():
        component = components[task["componentRef"]["name"]]
        found[name] = Task(name, task, component, executors[component["executorLabel"]])
    return found


@contextmanager
def well_formed() -> Iterator[None]:
    """400 for a spec that is not built as its reader expects, since the API takes any JSON for one."""
    try:
        yield
    except (LookupError, TypeError, AttributeError, ValueError, ArithmeticError, RecursionError) as problem:
        raise _wrong(f"It is not built as a compiled pipeline is ({type(problem).__name__}: {problem}).") from None


def check(spec: Body) -> None:
    """400 for what is no compiled pipeline, 501 for one with tasks that cannot run here."""
    if not str(spec.get("schemaVersion", "")).startswith("2."):
        raise _wrong(f"schemaVersion {spec.get('schemaVersion', '')!r} is not 2.x; compile it with kfp 2.")
    with well_formed():
        listed = spec["root"]["dag"]["tasks"]
        if not 1 <= len(listed) <= _MOST:
            raise _wrong(f"It has {len(listed)} tasks, which must be from 1 to {_MOST}.")
        for name, task in listed.items():
            _check_task(name, task, spec)
        found = tasks(spec)
        graph = {name: sorted(task.upstream) for name, task in found.items()}
        for task in found.values():
            machines.of(task.machine, _FIELD)
            _ = task.tries, task.ignores_failures
    if (edges := sum(map(len, graph.values()))) > _MOST_EDGES:
        raise _wrong(f"Its tasks wait for each other {edges} times, which may be {_MOST_EDGES} times.")
    for name, upstream in graph.items():
        if strangers := sorted(set(upstream) - set(found)):
            raise _wrong(f"Task {name} depends on {strangers[0]}, which is none of its tasks.")
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as problem:
        raise _wrong(f"Its tasks wait for each other: {', '.join(problem.args[1])}.") from None


def pipeline_name(spec: Body) -> str:
    """The pipeline's own name."""
    with well_formed():
        return str(spec.get("pipelineInfo", {}).get("name", "pipeline"))


def parameters(spec: Body, given: Mapping[str, Any]) -> dict[str, Any]:
    """The pipeline's parameters with their defaults: 400 for one that is unknown, missing or of another type."""
    with well_formed():
        declared = spec["root"].get("inputDefinitions", {}).get("parameters", {})
        if strangers := sorted(set(given) - set(declared)):
            raise _wrong(f"The pipeline has no parameter {strangers[0]}.", _VALUES)
        values = {}
        for name, one in declared.items():
            if name not in given and "defaultValue" not in one and not one.get("isOptional"):
                raise _wrong(f"The pipeline needs the parameter {name}.", _VALUES)
            if name in given or "defaultValue" in one:
                values[name] = typed(given.get(name, one.get("defaultValue")), one.get("parameterType", ""), name)
        return values


def typed(value: Any, kind: str, name: str) -> Any:
    """A value as its type has it, since clients send whole numbers as 5.0; 400 for a value of another type."""
    fits = isinstance(value, _TYPES.get(kind, (object,))) and (not isinstance(value, bool) or kind not in _NUMBERS)
    if value is not None and not fits:
        raise _wrong(f"The parameter {name} must be {kind}.", _VALUES)
    return int(value) if kind == "NUMBER_INTEGER" and isinstance(value, float) else value


def _check_task(name: str, task: Body, spec: Body) -> None:
    component = spec["components"][task["componentRef"]["name"]]
    if "dag" in component or any(one in task for one in _OTHERS) or task.get("triggerPolicy", {}).get("condition"):
        raise unimplemented(
            f"The local cloud runs no loops, conditions, exit handlers or pipelines within a pipeline, such as the task {name}."
        )
    executor = spec["deploymentSpec"]["executors"][component["executorLabel"]]
    if "container" not in executor and "importer" not in executor:
        raise unimplemented(
            f"The task {name} is neither a container nor an importer, the only ones that the local cloud runs."
        )
    selected = [
        one for one in task.get("inputs", {}).get("parameters", {}).values() if "parameterExpressionSelector" in one
    ]
    if selected:
        raise unimplemented(f"The task {name} takes a part of a parameter, which the local cloud does not select.")
    if "container" in executor and not executor["container"]["image"]:
        raise _wrong(f"Task {name} has no image.")


def _number(wanted: Body, *names: str) -> float:
    """A limit in cores or GB: a number, or text such as "500m" or "16G"."""
    text = next((str(wanted[name]) for name in names if name in wanted), "0")
    number, unit = text.rstrip("mKMGTi"), text.rstrip("i")[-1]
    return float(number) * _UNITS.get(unit, 1)


def _wrong(sentence: str, field: str = _FIELD) -> CloudError:
    return invalid(f"{field}: {sentence}", field)
