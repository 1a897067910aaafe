"""The catalogue as a whole: every row is complete, and everything that it names exists."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from localcloud.provider import additions, checks, replacing, stored, suppress
from localcloud.provider.fields import api_name
from localcloud.provider.hooks import NONE, hooks
from localcloud.provider.paths import names
from localcloud.provider.rows import FOLDER, ResourceType, catalogue
from localcloud.provider.schema import Block, parse
from localcloud.provider.sources import DATA, EPHEMERAL, Sources
from localcloud.spec.discovery import document

REST = [name for name in catalogue() if catalogue()[name].kind == "rest"]
IAM = [name for name in catalogue() if catalogue()[name].kind != "rest"]
# Attributes that a type's own functions compute from other fields.
MADE_OF_OTHERS = ("version", "with_state")
# Fields that hashicorp/google sends although no document describes them.
UNDESCRIBED = ("enable_container_logging", "success_threshold")
NEEDED = """
google_project_service google_project_iam_member google_project_iam_binding google_project_iam_custom_role google_service_account
google_service_account_iam_member google_service_account_iam_binding google_storage_bucket google_storage_bucket_iam_member
google_storage_bucket_iam_binding google_storage_bucket_object google_artifact_registry_repository
google_artifact_registry_repository_iam_member google_artifact_registry_repository_iam_binding google_secret_manager_secret
google_secret_manager_secret_iam_member google_secret_manager_secret_iam_binding google_secret_manager_secret_version
google_iam_workload_identity_pool google_iam_workload_identity_pool_provider google_cloud_run_v2_service google_cloud_run_v2_job
google_cloud_run_v2_service_iam_binding google_cloud_run_v2_job_iam_binding google_cloudbuild_trigger google_cloudbuildv2_connection
google_cloudbuildv2_repository google_vertex_ai_tensorboard google_vertex_ai_endpoint google_cloud_scheduler_job google_pubsub_topic
google_pubsub_subscription google_logging_metric google_logging_project_sink google_compute_disk google_compute_address
"""


def test_every_type_that_the_platform_uses_is_there() -> None:
    assert set(NEEDED.split()) <= set(catalogue())


def test_a_new_folder_is_a_new_type(tmp_path: Any) -> None:
    from localcloud.provider.rows import ResourceTypes

    row = {"api": "pubsub.v1", "collection": "projects.topics", "id": "projects/{project}/topics/{name}", "schema": {}}
    (tmp_path / "google_pubsub_topic").mkdir()
    (tmp_path / "google_pubsub_topic" / "row.json").write_text(json.dumps(row))
    assert list(ResourceTypes(tmp_path)) == ["google_pubsub_topic"]
    assert ResourceTypes(tmp_path)["google_pubsub_topic"].collection == "projects.topics"


def test_an_iam_file_is_a_member_a_binding_and_a_policy() -> None:
    folders = [path.parent.name for path in FOLDER.glob("*/iam.json")]
    assert {f"{name}_iam_{kind}" for name in folders for kind in ("member", "binding", "policy")} == set(IAM)


@pytest.mark.parametrize("name", REST)
def test_every_id_is_made_of_attributes(name: str) -> None:
    row = catalogue()[name]
    assert set(names(row.id)) <= row.schema.root.children.keys()
    for form in row.imports:
        assert set(names(form)) <= row.schema.root.children.keys()


@pytest.mark.parametrize("name", list(catalogue()))
def test_every_named_rule_exists(name: str) -> None:
    row = catalogue()[name]
    methods = document(row.api, row.version).methods
    further = [setter.verb for setter in row.setters.values()] + [
        verb for both in row.switches.values() for verb in both
    ]
    assert {
        f"{row.api}.{row.collection}.{verb}" for verb in (*row.verbs.values(), *row.also_read, *further)
    } <= methods.keys()
    assert set(row.additions) <= additions._ADDITIONS.keys()
    for _, node in row.schema.walk():
        assert node.suppress.partition(":")[0] in {
            "",
            *suppress._CANONICAL,
            *suppress._RULES,
            *suppress._RULES_OF_A_VALUE,
        }
        assert node.stored in {"", *stored._FORMS}
        assert node.read.partition(":")[0] in {"", *stored._READ, *stored._READ_WITH_ARGUMENT}
        assert node.sent in {"", *stored._FORMS, *stored._OTHER_FORMS}
        assert node.rules.check in {"", *checks._CHECKS}
        assert node.replaced_if in {"", *replacing.RULES}


@pytest.mark.parametrize("name", IAM)
def test_every_parent_has_a_policy_in_its_document(name: str) -> None:
    row = catalogue()[name]
    methods = document(row.api, row.version).methods
    assert f"{row.api}.{row.collection}.getIamPolicy" in methods
    assert f"{row.api}.{row.collection}.setIamPolicy" in methods


@pytest.mark.parametrize("name", [name for name in REST if name != "google_project_service"])
def test_every_attribute_that_is_sent_or_read_is_a_field_of_the_api(name: str) -> None:
    missing = list(_missing(catalogue()[name]))
    assert missing == []


def _missing(row: ResourceType) -> Iterator[str]:
    read = document(row.api, row.version).methods[f"{row.api}.{row.collection}.{row.verbs.get('get', 'get')}"]
    schemas = document(row.api, row.version).schemas
    missing = _missing_in(row.schema.root, schemas[read.response], schemas, "")
    yield from (name for name in missing if name.partition(".")[0] not in row.setters)


def _missing_in(block: Block, wire: Any, schemas: Any, path: str) -> Iterator[str]:
    for name, child in block.children.items():
        if child.virtual or child.unread or name in (block.key, *MADE_OF_OTHERS, *UNDESCRIBED):
            continue
        found = wire
        for part in api_name(child).split("."):
            found = _resolved(found.get("properties", {}).get(part), schemas)
            if found is None:
                yield f"{path}{name}"
                break
        if found is not None and isinstance(child, Block):
            inner = found.get("items") or found.get("additionalProperties") or found
            yield from _missing_in(child, _resolved(inner, schemas), schemas, f"{path}{name}.")


def _resolved(wire: Any, schemas: Any) -> Any:
    return schemas.get(wire["$ref"]) if wire and "$ref" in wire else wire


def test_at_most_a_third_of_the_types_have_hooks() -> None:
    hooked = [name for name in REST if hooks(name) is not NONE]
    assert 3 * len(hooked) <= len(REST), hooked


def test_hooks_are_beside_their_rows() -> None:
    hooked = {path.parent.name for path in FOLDER.glob("*/hooks.py")}
    assert {name for name in catalogue() if hooks(name) is not NONE} == hooked


@pytest.mark.parametrize("sources", [DATA, EPHEMERAL], ids=["data", "ephemeral"])
def test_every_source_has_a_row_and_a_reading(sources: Sources) -> None:
    for name in sources:
        assert sources[name].schema.root.children
        assert (
            sources[name].parent
            or sources[name].data
            or callable(importlib.import_module(f"localcloud.provider.{sources.kind}.{name}.reading").read)
        )


def test_an_unknown_flag_is_an_error_that_names_the_attribute() -> None:
    with pytest.raises(ValueError, match="colour has unknown flags: shiny"):
        parse({"colour": "string optional shiny"})
    with pytest.raises(ValueError, match="size has an unknown type"):
        parse({"size": "large optional"})
    with pytest.raises(ValueError, match=r"state has no JSON as its default, or flags after it: .* virtual"):
        parse({"state": 'string optional default="RUNNING" virtual'})
