"""Pipeline jobs of Vertex AI: what the tasks of a compiled pipeline get and leave, in which order, and how the job ends."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest
from localcloud.engine.logs import topic
from localcloud.errors import CloudError
from localcloud.services.aiplatform import pipeline_specs, pipeline_tasks

from tests.localcloud.inside import PROJECT
from tests.localcloud.serving import Serving, serving

IMAGE = f"europe-west1-docker.pkg.dev/{PROJECT}/images/task"
PLACE = f"aiplatform/v1/projects/{PROJECT}/locations/europe-west1/pipelineJobs"
# Does what its arguments say: say=TEXT, write=FILE with text=TEXT, fail=CODE, sleep=SECONDS.
WORKS = """
import json, os, sys, time
from urllib.parse import quote
from urllib.request import Request, urlopen

given = dict(one.split("=", 1) for one in sys.argv[1:])
print(given.get("say", "began"), flush=True)
time.sleep(float(given.get("sleep", 0)))
if "write" in given:
    address = "http://" + os.environ["GCE_METADATA_HOST"] + "/computeMetadata/v1/instance/service-accounts/default/token"
    token = json.load(urlopen(Request(address, headers={"Metadata-Flavor": "Google"})))["access_token"]
    bucket, _, name = given["write"].removeprefix("/gcs/").partition("/")
    upload = f"https://storage.googleapis.com/upload/storage/v1/b/{bucket}/o?uploadType=media&name={quote(name, safe='')}"
    urlopen(Request(upload, given["text"].encode(), {"Authorization": f"Bearer {token}"}, method="POST"))
sys.exit(int(given.get("fail", 0)))
"""
RUNNER = f"runner@{PROJECT}.iam.gserviceaccount.com"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    folder = tmp_path_factory.mktemp("pipelines")
    with serving(folder / "state", "aiplatform", "storage", "iam", "logging") as found:
        command = {"command": [sys.executable, "-c", WORKS], "folder": str(folder)}
        found.cloud.workloads.tell({"runtime": "process", "standIns": {IMAGE: command}})
        found("POST", "storage/v1/b", {"name": "team-runs"}, project=PROJECT)
        found.account("runner")
        found.grant("roles/storage.objectAdmin", f"serviceAccount:{RUNNER}")
        yield found


def compiled(parameters: dict[str, Any] | None = None, **tasks: dict[str, Any]) -> dict[str, Any]:
    """A pipeline with a component and an executor for each task: its args, env, inputs, outputs, and fields of the task itself."""
    components, executors, listed = {}, {}, {}
    for name, one in tasks.items():
        definitions = {"inputDefinitions": one.pop("takes", {}), "outputDefinitions": one.pop("makes", {})}
        components[f"comp-{name}"] = {"executorLabel": f"exec-{name}", **definitions, **one.pop("component", {})}
        container = {"image": f"{IMAGE}:v1", "args": one.pop("args", []), "env": one.pop("env", [])}
        executors[f"exec-{name}"] = one.pop("executor", {"container": container})
        listed[name] = {"componentRef": {"name": f"comp-{name}"}, **one}
    return {
        "schemaVersion": "2.1.0",
        "pipelineInfo": {"name": "cards"},
        "components": components,
        "deploymentSpec": {"executors": executors},
        "root": {"dag": {"tasks": listed}, "inputDefinitions": {"parameters": parameters or {}}},
    }


def job(spec: dict[str, Any], values: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    config = {"gcsOutputDirectory": "gs://team-runs/pipelines", "parameterValues": values or {}, **more}
    return {"displayName": "cards", "pipelineSpec": spec, "runtimeConfig": config, "serviceAccount": RUNNER}


def done(cloud: Serving, body: dict[str, Any], **params: str) -> dict[str, Any]:
    name = cloud("POST", PLACE, body, **params)["name"]
    cloud.settled()
    ended: dict[str, Any] = cloud("GET", f"aiplatform/v1/{name}")
    return ended


def states(ended: dict[str, Any]) -> dict[str, str]:
    return {one["taskName"]: one["state"] for one in ended["jobDetail"]["taskDetails"]}


def said(cloud: Serving, detail: dict[str, Any]) -> list[str]:
    """What a task has printed."""
    identity = detail["executorDetail"]["containerDetail"]["mainJob"].rpartition("/")[2]
    text = f'resource.labels.job_id="{identity}" AND resource.labels.task_name="workerpool0-0"'
    asked = {"resourceNames": [f"projects/{PROJECT}"], "filter": text}
    return [one["jsonPayload"]["message"] for one in cloud("POST", "logging/v2/entries:list", asked)["entries"]]


def output(task: str, key: str) -> dict[str, Any]:
    return {"taskOutputParameter": {"producerTask": task, "outputParameterKey": key}}


def test_what_a_task_leaves_is_given_to_those_after_it(cloud: Serving) -> None:
    number = {"parameterType": "NUMBER_INTEGER"}
    spec = compiled(
        {"rows": {**number, "defaultValue": 3.0}, "bucket": {"parameterType": "STRING"}},
        prep={
            "args": [
                "say={{$.inputs.parameters['rows']}} rows",
                "write={{$.outputs.parameters['n'].output_file}}",
                "text={{$.inputs.parameters['rows']}}",
            ],
            "takes": {"parameters": {"rows": number}},
            "makes": {
                "parameters": {"n": number},
                "artifacts": {"data": {"artifactType": {"schemaTitle": "system.Dataset"}}},
            },
            "inputs": {"parameters": {"rows": {"componentInputParameter": "rows"}}},
        },
        train={
            "args": [
                "say={{$.inputs.parameters['n']}}, {{$.inputs.parameters['text']}}, {{$.inputs.artifacts['data'].path}}"
            ],
            "takes": {"parameters": {"n": number, "text": {"parameterType": "STRING"}}},
            "inputs": {
                "parameters": {
                    "n": output("prep", "n"),
                    "channel": {"componentInputParameter": "bucket"},
                    "text": {
                        "runtimeValue": {"constant": "{{$.inputs.parameters['channel']}} of {{$.pipeline_job_name}}"}
                    },
                },
                "artifacts": {"data": {"taskOutputArtifact": {"producerTask": "prep", "outputArtifactKey": "data"}}},
            },
        },
    )
    ended = done(cloud, job(spec, {"bucket": "{{$}}"}), pipelineJobId="cards-1")
    assert ended["state"] == "PIPELINE_STATE_SUCCEEDED", ended
    prep, train = ended["jobDetail"]["taskDetails"]
    assert said(cloud, prep) == ["3 rows"]
    (data,) = prep["outputs"]["data"]["artifacts"]
    assert data["uri"].startswith("gs://team-runs/pipelines/777000000001/cards-1/prep_")
    assert data["schemaTitle"] == "system.Dataset"
    assert train["inputs"]["data"]["artifacts"] == [data]
    assert said(cloud, train) == [f"3, {{{{$}}}} of cards-1, /gcs/{data['uri'].removeprefix('gs://')}"]
    assert ended["startTime"] <= prep["endTime"] <= train["startTime"] <= ended["endTime"]
    assert cloud("GET", PLACE)["pipelineJobs"][0]["name"] == ended["name"]
    cloud("DELETE", f"aiplatform/v1/{ended['name']}")


def test_a_task_is_tried_again_and_what_depends_on_its_failure_does_not_run(cloud: Serving) -> None:
    spec = compiled(
        bad={"args": ["fail=3"], "retryPolicy": {"maxRetryCount": 1}},
        after={"dependentTasks": ["bad"]},
        later={"dependentTasks": ["after"]},
        report={"dependentTasks": ["bad"], "triggerPolicy": {"strategy": "ALL_UPSTREAM_TASKS_COMPLETED"}},
    )
    ended = done(cloud, job(spec))
    assert ended["state"] == "PIPELINE_STATE_FAILED"
    assert ended["error"]["message"].startswith(
        "The DAG failed because some tasks failed. The failed tasks are: [bad]."
    )
    assert states(ended) == {
        "bad": "FAILED",
        "after": "NOT_TRIGGERED",
        "later": "NOT_TRIGGERED",
        "report": "SUCCEEDED",
    }
    bad = ended["jobDetail"]["taskDetails"][0]
    assert "exited with a non-zero status of 3" in bad["error"]["message"]
    assert len(bad["executorDetail"]["containerDetail"]["failedMainJobs"]) == 1
    fast = done(cloud, job(spec, failurePolicy="PIPELINE_FAILURE_POLICY_FAIL_FAST"))
    assert states(fast)["report"] == "NOT_TRIGGERED"


def test_an_output_that_was_not_written_fails_the_task_that_needs_it(cloud: Serving) -> None:
    made = {"parameters": {"n": {"parameterType": "NUMBER_INTEGER"}}}
    spec = compiled(prep={"makes": made}, train={"inputs": {"parameters": {"n": output("prep", "n")}}})
    ended = done(cloud, job(spec))
    assert "The task train needs n of prep, which did not write it." in ended["error"]["message"]
    wrong = {"args": ["write={{$.outputs.parameters['n'].output_file}}", "text=three"], "makes": made}
    ended = done(cloud, job(compiled(prep=wrong)))
    assert "The task prep wrote 'three' for n, which is not NUMBER_INTEGER." in ended["error"]["message"]


def test_an_importer_hands_on_the_artifact_that_it_names(cloud: Serving) -> None:
    importer = {"artifactUri": {"constant": "gs://team-runs/x"}, "typeSchema": {"schemaTitle": "system.Model"}}
    spec = compiled(
        imported={"executor": {"importer": importer}, "makes": {"artifacts": {"artifact": {}}}},
        show={
            "args": ["say={{$.inputs.artifacts['model'].uri}}"],
            "inputs": {
                "artifacts": {
                    "model": {"taskOutputArtifact": {"producerTask": "imported", "outputArtifactKey": "artifact"}}
                }
            },
        },
    )
    ended = done(cloud, job(spec))
    assert said(cloud, ended["jobDetail"]["taskDetails"][1]) == ["gs://team-runs/x"]


def test_cancelling_a_job_cancels_its_tasks_and_begins_no_other(cloud: Serving) -> None:
    spec = compiled(slow={"args": ["say=sleeping", "sleep=600"]}, after={"dependentTasks": ["slow"]})
    name, project = cloud("POST", PLACE, job(spec))["name"], f"projects/{PROJECT}"
    cloud.until(lambda: any("sleeping" in str(one) for one in cloud.cloud.logs.read(project)), topic(project))
    running = cloud("GET", f"aiplatform/v1/{name}")
    assert (running["state"], states(running)) == ("PIPELINE_STATE_RUNNING", {"slow": "RUNNING"})
    cloud("POST", f"aiplatform/v1/{name}:cancel", {})
    cloud.settled()
    ended = cloud("GET", f"aiplatform/v1/{name}")
    assert (ended["state"], ended["error"]["message"]) == ("PIPELINE_STATE_CANCELLED", "CANCELED")
    assert states(ended) == {"slow": "CANCELLED", "after": "NOT_TRIGGERED"}
    assert not cloud.cloud.workloads.running()


GPU = {"image": "i", "resources": {"accelerator": {"type": "NVIDIA_TESLA_T4", "count": 1}}}


@pytest.mark.parametrize(
    ("body", "code", "says"),
    [
        ({"displayName": "none"}, 400, "pipeline_spec is required"),
        ({"templateUri": "https://europe-west1-kfp.pkg.dev/p/r/t/v1"}, 501, "no template registry"),
        (job({**compiled(a={}), "schemaVersion": "1.0"}), 400, "compile it with kfp 2"),
        (job(compiled()), 400, "It has 0 tasks"),
        (job({"schemaVersion": "2.1.0", "root": []}), 400, "It is not built as a compiled pipeline"),
        (job(compiled(a={"dependentTasks": ["b"]})), 400, "Task a depends on b, which is none of its tasks"),
        (job(compiled(a={"dependentTasks": ["b"]}, b={"dependentTasks": ["a"]})), 400, "wait for each other"),
        (job(compiled(a={"component": {"dag": {}}})), 501, "such as the task a"),
        (job(compiled(a={"triggerPolicy": {"condition": "x"}})), 501, "such as the task a"),
        (job(compiled(a={"executor": {"customJob": {}}})), 501, "neither a container nor an importer"),
        (job(compiled(a={"retryPolicy": {"maxRetryCount": "x"}})), 400, "It is not built as a compiled pipeline"),
        (job({**compiled(a={}), "pipelineInfo": [1]}) | {"displayName": ""}, 400, "It is not built as"),
        (job(compiled({"x": "STRING"}, a={})), 400, "It is not built as"),
        (job(compiled(a={}), {"x": 1}), 400, "The pipeline has no parameter x"),
        (job(compiled({"x": {"parameterType": "STRING"}}, a={})), 400, "The pipeline needs the parameter x"),
        (job(compiled({"x": {"parameterType": "STRING"}}, a={}), {"x": 1}), 400, "The parameter x must be STRING"),
        (job(compiled(a={}), gcsOutputDirectory="/tmp"), 400, "must begin with gs://BUCKET"),
        (job(compiled(a={"executor": {"container": GPU}})), 429, "custom_model_training_nvidia_t4_gpus"),
        ({**job(compiled(a={})), "serviceAccount": "nobody@elsewhere.iam.gserviceaccount.com"}, 403, "to act as"),
    ],
)
def test_what_cannot_run_is_refused(cloud: Serving, body: dict[str, Any], code: int, says: str) -> None:
    with pytest.raises(AssertionError) as seen:
        cloud("POST", PLACE, body)
    error = seen.value.args[0]["error"]
    assert (error["code"], says in error["message"]) == (code, True), error


@pytest.mark.parametrize(
    "task",
    [
        {"args": 5},
        {"args": ["{{$}}" * 9000], "makes": {"parameters": {f"p{at}": {} for at in range(9)}}},
        {"args": ['{"Concat": 3}']},
        {"args": ['{"IfPresent": {"InputName": []}}']},
        {"args": ["{{$" * 300_000, "{{$.none}}"]},
        {"env": [1]},
        {"env": [{"name": "A=B", "value": "x"}]},
        {"executor": {"container": {"image": "--privileged"}}},
        {"makes": [1]},
        {"makes": {"parameters": {"n": 5}}, "args": ["write={{$.outputs.parameters['n'].output_file}}", "text=x"]},
        {"inputs": {"parameters": {"x": {"componentInputParameter": []}}}},
        {"takes": {"parameters": {"x": {"defaultValue": "three", "parameterType": "NUMBER_DOUBLE"}}}},
    ],
)
def test_a_task_that_cannot_be_read_fails_and_nothing_else(cloud: Serving, task: dict[str, Any]) -> None:
    ended = done(cloud, job(compiled(a=dict(task))))
    assert (ended["state"], states(ended)) == ("PIPELINE_STATE_FAILED", {"a": "FAILED"})


def test_optional_and_joined_words_of_a_command_follow_the_parameters() -> None:
    optional = '{"IfPresent": {"InputName": "x", "Then": ["--x", "{{$.inputs.parameters[\'x\']}}"], "Else": "none"}}'
    args = [optional, '{"Concat": ["a=", "{{$.inputs.parameters[\'n\']}}"]}', "{{$.outputs.artifacts['m'].path}}"]
    spec = compiled(a={"args": args, "makes": {"artifacts": {"m": {}}}})
    task = pipeline_specs.tasks(spec)["a"]
    for given, words in (({"n": 2}, ["none", "a=2"]), ({"n": True, "x": [1]}, ["--x", "[1]", "a=true"])):
        execution = pipeline_tasks.executor_input(task, {"parameters": given, "artifacts": {}}, "gs://b/f")
        found = pipeline_tasks.container(task, execution, {}, {})["args"]
        assert found == [*words, "/gcs/b/f/m"]
    with pytest.raises(CloudError, match="no value for the placeholder"):
        pipeline_tasks.container(
            task, pipeline_tasks.executor_input(task, {"parameters": {}, "artifacts": {}}, "gs://b"), {}, {}
        )


def test_what_the_executor_of_kfp_writes_is_taken_with_the_types_that_it_leaves_out() -> None:
    made = {
        "parameters": {"Output": {"parameterType": "STRING"}},
        "artifacts": {"m": {"artifactType": {"schemaTitle": "system.Model"}}},
    }
    task = pipeline_specs.tasks(compiled(a={"makes": made}))["a"]
    execution = pipeline_tasks.executor_input(task, {"parameters": {}, "artifacts": {}}, "gs://b/f")
    wrote = '{"parameterValues": {"Output": "x"}, "artifacts": {"m": {"artifacts": [{"uri": "gs://b/n", "metadata": {"k": 1}}]}}}'
    left = pipeline_tasks.outputs(task, execution, {"": wrote})
    assert left["parameters"] == {"Output": "x"}
    (model,) = left["artifacts"]["m"]
    assert model == {"name": "m", "uri": "gs://b/n", "metadata": {"k": 1}, "type": {"schemaTitle": "system.Model"}}


def test_artifacts_that_a_task_describes_oddly_are_read_as_far_as_they_make_sense() -> None:
    task = pipeline_specs.tasks(compiled(a={"makes": {"artifacts": {"m": {"artifactType": "odd"}}}}))["a"]
    execution = pipeline_tasks.executor_input(task, {"parameters": {}, "artifacts": {}}, "gs://b/f")
    for wrote in ("[]", '{"parameterValues": 5}', "{"):
        with pytest.raises(CloudError, match="that is not a JSON object"):
            pipeline_tasks.outputs(task, execution, {"": wrote})
    kept = {"name": "m", "uri": "gs://b/f/m", "metadata": {}, "type": {}}
    for listed, expected in (
        ('[5, {"uri": 7, "metadata": [], "type": 8}]', [{**kept, "uri": "7"}]),
        ('"x"', [kept]),
    ):
        wrote = f'{{"artifacts": {{"m": {{"artifacts": {listed}}}}}}}'
        assert pipeline_tasks.outputs(task, execution, {"": wrote})["artifacts"]["m"] == expected


def test_a_tasks_machine_has_the_cores_and_memory_that_it_asks_for() -> None:
    for resources, machine in (
        ({}, {"machineType": "e2-standard-4"}),
        ({"cpuLimit": 2, "memoryLimit": 20}, {"machineType": "e2-standard-8"}),
        ({"resourceCpuLimit": "500m", "resourceMemoryLimit": "64G"}, {"machineType": "e2-standard-16"}),
        (
            {"accelerator": {"resourceType": "NVIDIA_TESLA_T4", "resourceCount": "2"}},
            {"machineType": "n1-standard-4", "acceleratorType": "NVIDIA_TESLA_T4", "acceleratorCount": 2},
        ),
    ):
        spec = compiled(a={"executor": {"container": {"image": "i", "resources": resources}}})
        assert pipeline_specs.tasks(spec)["a"].machine == machine


def test_a_task_is_given_no_more_than_fits_into_memory() -> None:
    """A pipeline of some megabytes names one long value a hundred thousand times."""
    long, names = {"long": "x" * (1 << 19)}, [f"p{number}" for number in range(100_000)]
    given = {name: {"componentInputParameter": "long"} for name in names}
    spec = compiled({"long": {"parameterType": "STRING"}}, prep={"inputs": {"parameters": given}})
    task = pipeline_specs.tasks(spec)["prep"]
    with pytest.raises(CloudError, match="have more than"):
        pipeline_tasks.inputs(task, long, {}, {})
    spec = compiled(prep={"args": ["{{$}}"] * 100_000})
    task = pipeline_specs.tasks(spec)["prep"]
    execution = pipeline_tasks.executor_input(task, {"parameters": long, "artifacts": {}}, "gs://b/x")
    with pytest.raises(CloudError, match="have values of more than"):
        pipeline_tasks.container(task, execution, {}, {})


def test_tasks_that_all_wait_for_each_other_are_refused() -> None:
    tasks = {f"t{number}": {"dependentTasks": [f"t{one}" for one in range(number)]} for number in range(300)}
    with pytest.raises(CloudError, match="wait for each other 44850 times"):
        pipeline_specs.check(compiled(**tasks))


def test_a_long_chain_of_importers_is_done_at_once(cloud: Serving) -> None:
    importer = {"artifactUri": {"constant": "gs://team-runs/data"}, "typeSchema": {"schemaTitle": "system.Dataset"}}
    tasks: dict[str, Any] = {
        f"t{number}": {"executor": {"importer": importer}, "dependentTasks": [f"t{number - 1}"] if number else []}
        for number in reversed(range(1000))
    }
    ended = done(cloud, job(compiled(**tasks)))
    assert set(states(ended).values()) == {"SUCCEEDED"}
    assert ended["state"] == "PIPELINE_STATE_SUCCEEDED"
