"""Vertex AI Experiments: contexts, executions and artifacts of a metadata store, their relations, and filters."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from localcloud.services import aiplatform

from tests.localcloud.inside import NUMBER, PROJECT, Inside, inside

PLACE = f"aiplatform/v1/projects/{PROJECT}/locations/europe-west1/metadataStores"
STORE = f"{PLACE}/default"
NAMED = f"projects/{NUMBER}/locations/europe-west1/metadataStores/default"


@pytest.fixture
def cloud(tmp_path: Path) -> Inside:
    cloud = inside(tmp_path, aiplatform.SERVICE)
    cloud.ok("POST", f"{PLACE}?metadataStoreId=default", {})
    return cloud


def context(cloud: Inside, name: str, title: str = "system.ExperimentRun", **more: Any) -> str:
    """The name of a new context."""
    created: str = cloud.ok("POST", f"{STORE}/contexts?contextId={name}", {"schemaTitle": title, **more})["name"]
    return created


def matching_ids(cloud: Inside, kind: str, text: str) -> list[str]:
    """The ids of what a filter finds."""
    listed = cloud.ok("GET", f"{STORE}/{kind}?filter={quote(text)}").get(kind, [])
    return [one["name"].rpartition("/")[2] for one in listed]


def test_a_run_is_kept_with_its_parameters_and_changed_as_the_client_does(cloud: Inside) -> None:
    sent = {"displayName": "first", "metadata": {"_params": {"rate": 0.1}, "_metrics": {}, "_state": "RUNNING"}}
    name = context(cloud, "cards-first", **sent, parentContexts=["x"])
    created = cloud.ok("GET", f"aiplatform/v1/{name}")
    assert (created["name"], created["schemaVersion"]) == (f"{NAMED}/contexts/cards-first", "0.0.1")
    assert "parentContexts" not in created
    again = {**created, "metadata": {**created["metadata"], "_metrics": {"accuracy": 0.9}}}
    changed = cloud.ok("PATCH", f"aiplatform/v1/{name}", again)
    assert changed["metadata"] == {"_params": {"rate": 0.1}, "_metrics": {"accuracy": 0.9}, "_state": "RUNNING"}
    assert changed["etag"] != created["etag"]
    assert cloud("PATCH", f"aiplatform/v1/{name}", again).body["error"]["status"] == "ABORTED"
    assert cloud("POST", f"{STORE}/contexts?contextId=cards-first", {}).status == 409


def test_a_context_added_to_another_keeps_its_etag(cloud: Inside) -> None:
    """The client adds a run to its experiment, and then changes it with the earlier etag."""
    parent, child = context(cloud, "cards", "system.Experiment"), context(cloud, "cards-a")
    before = cloud.ok("GET", f"aiplatform/v1/{child}")
    for _ in range(2):
        cloud.ok("POST", f"aiplatform/v1/{parent}:addContextChildren", {"childContexts": [child]})
    after = cloud.ok("GET", f"aiplatform/v1/{child}")
    assert after == {**before, "parentContexts": [parent]}
    cloud.ok("POST", f"aiplatform/v1/{parent}:removeContextChildren", {"childContexts": [child]})
    assert cloud.ok("GET", f"aiplatform/v1/{child}") == before


def test_runs_are_found_by_their_experiment_and_no_other_whose_name_begins_alike(cloud: Inside) -> None:
    for experiment in ("cards", "cards-2"):
        parent = context(cloud, experiment, "system.Experiment")
        run = context(cloud, f"{experiment}-run")
        cloud.ok("POST", f"aiplatform/v1/{parent}:addContextChildren", {"childContexts": [run]})
    either = 'schema_title="system.ExperimentRun" OR schema_title="system.PipelineRun"'
    assert matching_ids(cloud, "contexts", f'({either}) AND parent_contexts:"{NAMED}/contexts/cards"') == ["cards-run"]
    spelt = NAMED.replace(NUMBER, PROJECT)
    assert matching_ids(cloud, "contexts", f'parent_contexts:"{spelt}/contexts/cards-2"') == ["cards-2-run"]
    assert matching_ids(cloud, "contexts", f'child_contexts:"{NAMED}/contexts/cards-run"') == ["cards"]
    assert matching_ids(cloud, "contexts", 'schema_title="system.Experiment"') == ["cards", "cards-2"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("metadata.epochs.number_value > 5", ["long"]),
        ('metadata."lr:max".number_value = 0.5', ["long"]),
        ('metadata."a.b".string_value = "x"', ["short"]),
        ("metadata.best.bool_value = true", ["short"]),
        ("metadata._params.struct_value.rate.number_value = 3", ["long"]),
        ('display_name = "short" AND NOT schema_title = "system.Run"', ["short"]),
        ('create_time > "2020-11-19T11:30:00-04:00"', ["long", "short"]),
    ],
)
def test_metadata_is_found_by_the_type_of_its_value(cloud: Inside, text: str, names: list[str]) -> None:
    long = {"epochs": 10, "lr:max": 0.5, "_params": {"rate": 3}}
    context(cloud, "long", metadata=long)
    context(cloud, "short", metadata={"epochs": 5, "a.b": "x", "best": True, "none": None}, displayName="short")
    assert matching_ids(cloud, "contexts", text) == names


def made_by(cloud: Inside) -> dict[str, str]:
    """Names: a run in which an execution read `data` and wrote `model`, which `serve` reads."""
    run = context(cloud, "run")
    names = {"run": run}
    for kind, title, ids in (
        ("artifacts", "system.Dataset", ("data", "other")),
        ("artifacts", "system.Model", ("model",)),
        ("executions", "system.ContainerExecution", ("train", "serve")),
    ):
        for one in ids:
            body = {"schemaTitle": title, "displayName": one}
            names[one] = cloud.ok("POST", f"{STORE}/{kind}?{kind[:-1]}Id={one}", body)["name"]
    for execution, artifact, way in (("train", "data", "INPUT"), ("train", "model", "OUTPUT"), ("serve", "model", 1)):
        events = {"events": [{"artifact": names[artifact], "type": way, "labels": {"a": "b"}}]}
        cloud.ok("POST", f"aiplatform/v1/{names[execution]}:addExecutionEvents", events)
    members = {"artifacts": [names["model"]], "executions": [names["train"]]}
    cloud.ok("POST", f"aiplatform/v1/{run}:addContextArtifactsAndExecutions", members)
    return names


def parts(graph: dict[str, Any]) -> tuple[list[str], list[str], int]:
    ids = [sorted(one["displayName"] for one in graph.get(kind, [])) for kind in ("artifacts", "executions")]
    return ids[0], ids[1], len(graph.get("events", []))


def test_a_models_lineage_is_returned_step_by_step(cloud: Inside) -> None:
    names = made_by(cloud)
    graph = cloud.ok("GET", f"aiplatform/v1/{names['run']}:queryContextLineageSubgraph")
    assert parts(graph) == (["model"], ["train"], 1)
    (event,) = graph["events"]
    assert (event["type"], event["artifact"], event["labels"]) == ("OUTPUT", names["model"], {"a": "b"})
    graph = cloud.ok("GET", f"aiplatform/v1/{names['train']}:queryExecutionInputsAndOutputs")
    assert parts(graph) == (["data", "model"], ["train"], 2)
    path = f"aiplatform/v1/{names['data']}:queryArtifactLineageSubgraph"
    assert parts(cloud.ok("GET", path)) == (["data", "model"], ["serve", "train"], 3)
    assert parts(cloud.ok("GET", f"{path}?maxHops=1")) == (["data"], ["train"], 1)
    assert parts(cloud.ok("GET", f"{path}?maxHops=0")) == (["data"], [], 0)
    text = quote('schema_title="system.Dataset"')
    assert parts(cloud.ok("GET", f"{path}?filter={text}")) == (["data"], ["train"], 1)
    assert cloud("GET", f"{path}?maxHops=-1").status == 400
    assert matching_ids(cloud, "artifacts", f'in_context("{names["run"]}") AND schema_title="system.Model"') == [
        "model"
    ]
    assert matching_ids(cloud, "executions", f'in_context("{names["run"]}")') == ["train"]


def test_deleted_metadata_disappears_from_contexts_and_lineage(cloud: Inside) -> None:
    names = made_by(cloud)
    assert cloud.ok("DELETE", f"aiplatform/v1/{names['model']}")["done"]
    graph = cloud.ok("GET", f"aiplatform/v1/{names['train']}:queryExecutionInputsAndOutputs")
    assert parts(graph) == (["data"], ["train"], 1)
    request = {"filter": 'schema_title="system.Dataset"'}
    preview = cloud.ok("POST", f"{STORE}/artifacts:purge", request)["response"]
    assert (preview["purgeCount"], len(preview["purgeSample"])) == ("2", 2)
    assert cloud.ok("POST", f"{STORE}/artifacts:purge", {**request, "force": True})["response"]["purgeCount"] == "2"
    assert cloud.ok("GET", f"{STORE}/artifacts") == {}
    cloud.ok("DELETE", STORE)
    assert cloud.cloud.store.sql("SELECT * FROM metadata_links") == []
    assert cloud.cloud.store.list("aiplatform", NAMED.replace(NUMBER, PROJECT), "executions") == []


@pytest.mark.parametrize(
    ("path", "body", "status", "says"),
    [
        ("contexts?contextId=My_Run", {}, 400, "must match the pattern"),
        ("contexts?contextId=r", {"schemaTitle": "mine.Thing"}, 400, 'There is no schema "mine.Thing" of version 0.0.1'),
        ("contexts?contextId=r", {"metadata": {"a": "x" * 200_000}}, 400, "it may have at most 200000"),
        ("contexts/a:addContextChildren", {"childContexts": [f"{NAMED}/contexts/a"]}, 400, "its own ancestor"),
        ("contexts/b:addContextChildren", {"childContexts": [f"{NAMED}/contexts/a"]}, 400, "its own ancestor"),
        ("contexts/a:addContextChildren", {"childContexts": ["projects/p/x"]}, 400, "is not one of the Contexts of"),
        ("contexts/a:addContextChildren", {"childContexts": [f"{NAMED}/contexts/z"]}, 404, "does not exist"),
        ("contexts/z:addContextChildren", {}, 404, f'The Context "{NAMED}/contexts/z" does not exist.'),
        ("contexts:purge", {}, 400, "filter is required"),
        ("metadataSchemas", {"schemaType": "ARTIFACT_TYPE", "schema": "title: Thing"}, 400, "satisfies the following"),
        ("metadataSchemas", {"schema": "title: mine.Thing"}, 400, "schema_type must be one of"),
    ],
)  # fmt: skip
def test_invalid_requests_are_refused(cloud: Inside, path: str, body: Any, status: int, says: str) -> None:
    parent, child = context(cloud, "a"), context(cloud, "b")
    cloud.ok("POST", f"aiplatform/v1/{parent}:addContextChildren", {"childContexts": [child]})
    response = cloud("POST", f"{STORE}/{path}", body)
    assert (response.status, says in response.message) == (status, True), response.body


def test_a_schema_of_the_teams_own_is_known_once_it_was_created(cloud: Inside) -> None:
    schema = {"schemaType": "ARTIFACT_TYPE", "schema": "title: cards.Deck\ntype: object\n", "schemaVersion": "0.0.1"}
    cloud.ok("POST", f"{STORE}/metadataSchemas", schema)
    cloud.ok("POST", f"{STORE}/artifacts?artifactId=deck", {"schemaTitle": "cards.Deck"})
    assert cloud("POST", f"{STORE}/contexts", {"schemaTitle": "cards.Deck"}).status == 400


def test_a_viewer_logs_nothing(cloud: Inside) -> None:
    names = made_by(cloud)
    eve = cloud.as_("user:eve@example.com")
    assert eve("GET", f"{STORE}/contexts").status == 403
    cloud.grant("roles/aiplatform.viewer", eve.principal)
    assert eve.ok("GET", f"{STORE}/contexts")["contexts"]
    assert eve.ok("GET", f"aiplatform/v1/{names['run']}:queryContextLineageSubgraph")
    for verb, path, body in (
        ("PATCH", f"aiplatform/v1/{names['run']}", {}),
        ("POST", f"aiplatform/v1/{names['run']}:addContextChildren", {}),
        ("POST", f"aiplatform/v1/{names['train']}:addExecutionEvents", {}),
        ("POST", f"{STORE}/contexts:purge", {"filter": "a"}),
        ("DELETE", f"aiplatform/v1/{names['data']}", None),
    ):
        assert eve(verb, path, body).status == 403, path
