"""A task of a pipeline run: what it gets, what is written into its command, the custom job for it, and what it leaves.

Source: https://www.kubeflow.org/docs/components/pipelines and the executor of the package kfp, which reads and writes these files.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from localcloud.containers.bucket import BucketRefused
from localcloud.engine.service import Body
from localcloud.errors import CloudError, failed_precondition
from localcloud.services.aiplatform import pipeline_specs
from localcloud.services.aiplatform.addresses import Files
from localcloud.services.aiplatform.pipeline_specs import Task
from localcloud.spec import json_text

LINK = "task"
"""A custom job's stored field for the task that it runs: of which pipeline job, its name there, and the files it is to write."""
OUTPUTS = "written"
"""A custom job's stored field for the texts of these files."""
_PLACEHOLDER = re.compile(r"\{\{\$([^{}]*)\}\}")
_INPUT = re.compile(r"\.inputs\.parameters\['([^']*)'\]")
_OUTPUT_FILE = re.compile(r"\.outputs\.parameters\['([^']*)'\]\.output_file")
_ARTIFACT = re.compile(r"\.(inputs|outputs)\.artifacts\['([^']*)'\]\.(uri|path|name)")
_LARGEST = 1 << 20


def inputs(task: Task, parameters: Mapping[str, Any], done: Mapping[str, Body], run: Mapping[str, str]) -> Body:
    """The parameters and artifacts of a task, from those of the pipeline and of tasks that are `done`. CloudError if one is missing."""
    given = task.spec.get("inputs", {})
    declared = task.component.get("inputDefinitions", {}).get("parameters", {})
    values = {name: one["defaultValue"] for name, one in declared.items() if "defaultValue" in one}
    for name, source in given.get("parameters", {}).items():
        if "runtimeValue" in source:
            values[name] = source["runtimeValue"].get("constant")
        elif "componentInputParameter" in source:
            if source["componentInputParameter"] in parameters:
                values[name] = parameters[source["componentInputParameter"]]
        else:
            output = source["taskOutputParameter"]
            found = done[output["producerTask"]]["outputs"]["parameters"]
            if output["outputParameterKey"] not in found:
                raise _missing(task, output["producerTask"], output["outputParameterKey"])
            values[name] = found[output["outputParameterKey"]]
    _check_size(task, values.values())
    plain = {**run, **{f".inputs.parameters['{name}']": _text(value) for name, value in values.items()}}
    for name, value in values.items():
        if isinstance(value, str) and "runtimeValue" in given.get("parameters", {}).get(name, {}):
            values[name] = _filled(value, plain.get)
        values[name] = pipeline_specs.typed(values[name], declared.get(name, {}).get("parameterType", ""), name)
    artifacts = {}
    for name, source in given.get("artifacts", {}).items():
        output = source.get("taskOutputArtifact")
        if output is None:
            raise failed_precondition(
                f"The task {task.name} takes an artifact of the pipeline's own, which the local cloud has not."
            )
        found = done[output["producerTask"]]["outputs"]["artifacts"]
        if output["outputArtifactKey"] not in found:
            raise _missing(task, output["producerTask"], output["outputArtifactKey"])
        artifacts[name] = found[output["outputArtifactKey"]]
    _check_size(task, (*values.values(), *artifacts.values()))
    return {"parameters": values, "artifacts": artifacts}


def imported(task: Task, given: Body) -> Body:
    """What an importer leaves: the artifact at the address that it names."""
    importer = task.executor["importer"]
    address = importer.get("artifactUri", {})
    uri = given["parameters"].get(address.get("runtimeParameter", ""), address.get("constant", ""))
    names = task.component.get("outputDefinitions", {}).get("artifacts", {})
    described = {"uri": uri, "metadata": importer.get("metadata", {})}
    kind = importer.get("typeSchema", {})
    return {"parameters": {}, "artifacts": {name: [artifact({"name": name, **described}, kind)] for name in names}}


def executor_input(task: Task, given: Body, folder: str) -> Body:
    """The value of {{$}}: what the task gets, and where it is to leave what it makes."""
    outputs = task.component.get("outputDefinitions", {})
    made = {
        name: {"artifacts": [artifact({"name": name, "uri": f"{folder}/{name}"}, one.get("artifactType"))]}
        for name, one in outputs.get("artifacts", {}).items()
    }
    mounted = _mounted(folder)
    return {
        "inputs": {
            "parameterValues": given["parameters"],
            "artifacts": {name: {"artifacts": one} for name, one in given["artifacts"].items()},
        },
        "outputs": {
            "parameters": {name: {"outputFile": f"{mounted}/{name}"} for name in outputs.get("parameters", {})},
            "artifacts": made,
            "outputFile": f"{mounted}/executor_output.json",
        },
    }


def container(task: Task, execution: Body, run: Mapping[str, str], labels: Mapping[str, str]) -> Body:
    """The task's containerSpec, its placeholders replaced."""
    spec = task.executor["container"]
    find = _finder(execution, run)

    def words(listed: Sequence[Any]) -> list[str]:
        return [word for one in listed for word in _words(one, execution["inputs"]["parameterValues"], find)]

    return {
        "imageUri": spec["image"],
        "command": words(spec.get("command", [])),
        "args": words(spec.get("args", [])),
        "env": [{"name": one["name"], "value": _filled(one.get("value", ""), find)} for one in spec.get("env", [])]
        + [{"name": "VERTEX_AI_PIPELINES_RUN_LABELS", "value": json.dumps(dict(labels))}],
    }


def written(files: Files, execution: Body) -> dict[str, str]:
    """The texts that a task has written: of its parameters by name, and of the executor's own file as "". Blocks. Raises CloudError."""
    outputs = execution["outputs"]
    places = {"": outputs["outputFile"], **{name: one["outputFile"] for name, one in outputs["parameters"].items()}}
    found = {}
    for name, place in places.items():
        try:
            path = files.fetched("gs://" + place.removeprefix("/gcs/"))
        except BucketRefused as problem:
            if problem.status != 404:
                raise failed_precondition(f"What the task wrote cannot be read: {problem}") from None
            continue
        with path.open("rb") as stream:
            found[name] = stream.read(_LARGEST).decode("utf-8", "replace")
    return found


def outputs(task: Task, execution: Body, texts: Mapping[str, str]) -> Body:
    """What a task has left, for those after it. Raises CloudError for a text that is not of its parameter's type."""
    try:
        own = json_text.read(texts.get("", "{}").encode())
        values, artifacts = dict(own.get("parameterValues", {})), dict(own.get("artifacts", {}))
    except (ValueError, AttributeError, TypeError):
        raise failed_precondition(
            f"The task {task.name} wrote an executor_output.json that is not a JSON object."
        ) from None
    declared = task.component.get("outputDefinitions", {}).get("parameters", {})
    for name, one in declared.items():
        if name in texts and name not in values:
            values[name] = _read(texts[name], one.get("parameterType", ""), task, name)
    artifacts_by_name = {name: one["artifacts"] for name, one in execution["outputs"]["artifacts"].items()}
    for name, (first,) in artifacts_by_name.items():
        updated = artifacts.get(name)
        listed = updated.get("artifacts") if isinstance(updated, dict) else None
        if listed and isinstance(listed, list):
            artifacts_by_name[name] = [artifact(first | one, first["type"]) for one in listed if isinstance(one, dict)]
    return {"parameters": values, "artifacts": artifacts_by_name}


def artifact(described: Body, kind: Any) -> Body:
    """An artifact of a type as a task or a pipeline describes it, which may be any JSON."""
    name, uri, metadata = (described.get(field) for field in ("name", "uri", "metadata"))
    return {
        "name": str(name or ""),
        "uri": str(uri or ""),
        "metadata": metadata if isinstance(metadata, dict) else {},
        "type": {key: str(one) for key, one in kind.items()} if isinstance(kind, dict) else {},
    }


def _read(text: str, kind: str, task: Task, name: str) -> Any:
    if kind in {"STRING", ""}:
        return text
    try:
        return pipeline_specs.typed(json_text.read(text.strip().encode()), kind, name)
    except (ValueError, CloudError):
        raise failed_precondition(
            f"The task {task.name} wrote {text[:50]!r} for {name}, which is not {kind}."
        ) from None


def _finder(execution: Body, run: Mapping[str, str]) -> Callable[[str], str | None]:
    given, made = execution["inputs"], execution["outputs"]
    left = _LARGEST

    def find(path: str) -> str | None:
        nonlocal left
        value = known(path)
        left -= len(value or "")
        if left < 0:
            raise _too_long()
        return value

    def known(path: str) -> str | None:
        if not path:
            return json.dumps(execution)
        if match := _INPUT.fullmatch(path):
            return _text(given["parameterValues"][match[1]]) if match[1] in given["parameterValues"] else None
        if match := _OUTPUT_FILE.fullmatch(path):
            return str(made["parameters"][match[1]]["outputFile"]) if match[1] in made["parameters"] else None
        if match := _ARTIFACT.fullmatch(path):
            listed = (given if match[1] == "inputs" else made)["artifacts"].get(match[2], {}).get("artifacts")
            value = listed[0].get("name" if match[3] == "name" else "uri", "") if listed else None
            return _mounted(value) if value and match[3] == "path" else value
        return run.get(path)

    return find


def _words(one: Any, given: Mapping[str, Any], find: Callable[[str], str | None]) -> list[str]:
    """A word of a command; an optional part (IfPresent) may be none or several, and a joined one (Concat) is one."""
    if isinstance(one, str) and one.startswith(('{"IfPresent"', '{"Concat"')):
        one = json_text.read(one.encode())
    if isinstance(one, dict) and "Concat" in one:
        return ["".join(word for part in one["Concat"] for word in _words(part, given, find))]
    if isinstance(one, dict):
        optional = one["IfPresent"]
        chosen = optional.get("Then" if given.get(optional["InputName"]) is not None else "Else", [])
        listed = chosen if isinstance(chosen, list) else [chosen]
        return [word for part in listed for word in _words(part, given, find)]
    return [_filled(str(one), find)]


def _check_size(task: Task, parts: Iterable[Any]) -> None:
    """CloudError for parts that are too long as a whole: a pipeline can name one long value as often as it likes."""
    size = 0
    for part in parts:
        size += len(_text(part))
        if size > _LARGEST:
            raise failed_precondition(f"The inputs of the task {task.name} have more than {_LARGEST} characters.")


def _filled(text: str, find: Callable[[str], str | None]) -> str:
    """A text with its placeholders replaced. Raises CloudError for one without a value, and for a text that becomes too long."""
    parts, size, end = [], 0, 0
    for match in _PLACEHOLDER.finditer(text):
        found = find(match[1])
        if found is None:
            raise failed_precondition(f"The local cloud has no value for the placeholder {match[0]}.")
        parts += [text[end : match.start()], found]
        size, end = size + len(found), match.end()
        if size > _LARGEST:
            raise _too_long()
    return "".join([*parts, text[end:]])


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _mounted(uri: str) -> str:
    return "/gcs/" + uri.removeprefix("gs://") if uri.startswith("gs://") else uri


def _too_long() -> CloudError:
    return failed_precondition(f"The placeholders of a command have values of more than {_LARGEST} characters.")


def _missing(task: Task, producer: str, key: str) -> CloudError:
    return failed_precondition(f"The task {task.name} needs {key} of {producer}, which did not write it.")
