"""The contract of every resource that a service declares: each field that is sent comes back, a patch changes what it names, deleted is gone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from localcloud.server.assembly import application
from localcloud.services import SERVICES

from tests.localcloud import contract_values, samples
from tests.localcloud.contract_values import LEFT_OUT, PATCHES, UNDELETED, UNPATCHED, UNREAD, VOLATILE
from tests.localcloud.samples import Sample, holds
from tests.localcloud.services.requests_inside import Sender, sender

DECLARED = {f"{service.api}.{name}" for service in SERVICES for name in service.resources}
SAMPLES = {
    sample.id: sample
    for service in SERVICES
    for name in service.resources
    if f"{service.api}.{name}" not in LEFT_OUT
    for sample in [samples.found(service, name)]
    if sample is not None
}
TEXTS = {"description": "another", "displayName": "another", "labels": {"c": "d"}}
each = pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)


@pytest.fixture
def call(tmp_path: Path) -> Iterator[Sender]:
    """A project with all APIs and what samples refer to."""
    call = sender(tmp_path, *(service.api for service in SERVICES))
    application(call.cloud, SERVICES, "http://127.0.0.1:1", "key")  # so that services can call each other
    for verb, path, body in contract_values.AROUND:
        call(verb, path, body)
    return call


def made(call: Sender, sample: Sample, name: str, around: dict[str, str]) -> tuple[dict[str, Any], str]:
    """Creates a resource; returns what was sent, and the last word of its name, which may be the server's."""
    create, body = sample.method("insert", "create"), sample.body(name)
    chosen = f"?{sample.resource.id_param}={name}" if sample.resource.id_param in create.params else ""
    request = sample.request(create, body, **({field: name} if (field := sample.resource.id_field) else {}))
    answer = call(create.http, sample.path(create, name, around) + chosen, request)
    if create.response.endswith("Operation") and not sample.service.dialect.older:
        about = answer["metadata"]
        answer = answer.get("response") or {"name": about.get("target") or about["name"]}
    return body, name if sample.service.dialect.older else str(answer["name"]).rpartition("/")[2]


def surroundings(call: Sender, sample: Sample) -> dict[str, str]:
    """Creates what a resource lies in; returns the ids by the last words of the collections."""
    above = sample.parent
    if above is None:
        return {}
    around = surroundings(call, above)
    return around | {above.collection.rpartition(".")[2]: made(call, above, "around", around)[1]}


def test_every_declared_resource_is_tried_or_left_out_for_a_reason() -> None:
    assert DECLARED - SAMPLES.keys() == LEFT_OUT.keys()
    assert PATCHES.keys() | UNPATCHED.keys() | UNDELETED.keys() | UNREAD.keys() <= SAMPLES.keys()


@each
def test_every_sent_field_is_returned_and_the_resource_is_deleted(call: Sender, sample: Sample) -> None:
    around = surroundings(call, sample)
    sent, name = made(call, sample, "thing", around)
    path = sample.path(sample.method("get"), name, around)
    found = call("GET", path)
    unread = {"name", sample.resource.id_field, *UNREAD.get(sample.id, ())}
    holds(found, {key: value for key, value in sent.items() if key not in unread}, sample.id)
    listing = sample.method("list")
    listed = call("GET", sample.path(listing, name, around) + ("?view=FULL" if "view" in listing.params else ""))
    assert any(isinstance(part, list) and found in part for part in listed.values())
    if sample.id in UNDELETED:
        return
    reply = call.reply("DELETE", path, {"authorization": call.bearer()})
    assert reply.status in {200, 204}, reply.body
    call("GET", path, status=200 if sample.resource.soft_delete else 404)


@pytest.mark.parametrize(
    "sample",
    [sample for sample in SAMPLES.values() if sample.has("patch") and sample.id not in UNPATCHED],
    ids=lambda sample: sample.id,
)
def test_a_patch_changes_what_it_names_and_nothing_else(call: Sender, sample: Sample) -> None:
    around = surroundings(call, sample)
    _, name = made(call, sample, "thing", around)
    path, patch = sample.path(sample.method("get"), name, around), sample.method("patch")
    before = call("GET", path)
    field, value = PATCHES.get(sample.id) or next((one, value) for one, value in TEXTS.items() if one in before)
    body = {field: value} | {key: one for key, one in before.items() if key == "fingerprint"}
    masked = f"?updateMask={field}" if "updateMask" in patch.params else ""
    if not masked and not sample.service.dialect.older:
        body = before | body
    call(patch.http, sample.path(patch, name, around) + masked, sample.request(patch, body, updateMask=field))
    after = call("GET", path)
    assert after[field] == value
    apart = {field, *VOLATILE}
    assert {k: v for k, v in after.items() if k not in apart} == {k: v for k, v in before.items() if k not in apart}
