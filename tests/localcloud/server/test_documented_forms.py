"""REST forms found by rule are those that Google's libraries define, and where the rule is not certain there is none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from google.cloud.resourcemanager_v3.types import GetNamespacedTagKeyRequest, TagKey
from google.iam.v1.iam_policy_pb2 import GetIamPolicyRequest
from google.iam.v1.policy_pb2 import Policy
from localcloud.server import client_libraries, documented_forms

DEFINED = {
    "google.cloud.eventarc.v1.Eventarc": ("eventarc", 15),
    "google.cloud.functions.v2.FunctionService": ("cloudfunctions", 6),
    "google.cloud.resourcemanager.v3.Projects": ("cloudresourcemanager", 6),
    "google.cloud.resourcemanager.v3.TagKeys": ("cloudresourcemanager", 5),
    "google.cloud.scheduler.v1.CloudScheduler": ("cloudscheduler", 8),
    "google.cloud.secretmanager.v1.SecretManagerService": ("secretmanager", 12),
    "google.api.serviceusage.v1.ServiceUsage": ("serviceusage", 5),
    "google.devtools.artifactregistry.v1.ArtifactRegistry": ("artifactregistry", 30),
    "google.devtools.cloudbuild.v1.CloudBuild": ("cloudbuild", 15),
    "google.pubsub.v1.Publisher": ("pubsub", 8),
    "google.pubsub.v1.SchemaService": ("pubsub", 8),
    "google.pubsub.v1.Subscriber": ("pubsub", 11),
}
"""Service whose library defines REST calls -> API, and a number of methods that the rule finds at least."""
ONLY_GRPC = {
    "google.logging.v2.ConfigServiceV2": "logging",
    "google.logging.v2.LoggingServiceV2": "logging",
    "google.logging.v2.MetricsServiceV2": "logging",
    "google.monitoring.v3.AlertPolicyService": "monitoring",
    "google.monitoring.v3.GroupService": "monitoring",
    "google.monitoring.v3.MetricService": "monitoring",
    "google.monitoring.v3.NotificationChannelService": "monitoring",
    "google.monitoring.v3.QueryService": "monitoring",
    "google.monitoring.v3.ServiceMonitoringService": "monitoring",
    "google.monitoring.v3.SnoozeService": "monitoring",
    "google.monitoring.v3.UptimeCheckService": "monitoring",
}
Forms = tuple[Mapping[str, str], ...]


def methods(service: str, api: str) -> Iterator[tuple[str, Forms, Forms]]:
    """(method, forms by the rule, forms that the library defines) of a service's unary methods."""
    proto, _, name = service.rpartition(".")
    (transport,) = client_libraries.transports(proto, name)
    for method, (request, response) in transport.methods().items():
        version = proto.rpartition(".")[2]
        forms = documented_forms.forms(api, version, method, request.DESCRIPTOR, response.DESCRIPTOR)
        yield method, forms, transport.forms(method)


@pytest.mark.parametrize("service", DEFINED)
def test_what_is_found_is_what_the_library_defines(service: str) -> None:
    api, least = DEFINED[service]
    found = {method: (forms, defined) for method, forms, defined in methods(service, api) if forms}
    other = {method: forms for method, (forms, defined) in found.items() if any(one not in defined for one in forms)}
    assert other == {}
    assert len(found) >= least


@pytest.mark.parametrize("service", ONLY_GRPC)
def test_every_method_of_a_library_without_rest_calls_has_a_form(service: str) -> None:
    found = {method: forms for method, forms, _ in methods(service, ONLY_GRPC[service])}
    assert found
    assert [method for method, forms in found.items() if not forms] == []


@pytest.mark.parametrize(
    ("name", "request_", "response"),
    [
        ("GetRenamedTagKey", GetNamespacedTagKeyRequest.pb(), TagKey.pb()),
        ("GetIamPolicy", GetIamPolicyRequest, Policy),
        ("FindTagKey", GetNamespacedTagKeyRequest.pb(), TagKey.pb()),
    ],
    ids=["a noun that is no collection", "several collections", "an unknown verb"],
)
def test_what_is_not_certain_has_none(name: str, request_: Any, response: Any) -> None:
    descriptors = request_.DESCRIPTOR, response.DESCRIPTOR
    assert documented_forms.forms("cloudresourcemanager", "v3", name, *descriptors) == ()


def test_put_comes_before_patch() -> None:
    (forms,) = [
        forms for method, forms, _ in methods("google.logging.v2.ConfigServiceV2", "logging") if method == "UpdateSink"
    ]
    verbs = [form["method"] for form in forms]
    assert verbs == sorted(verbs, reverse=True)
    assert set(verbs) == {"put", "patch"}


def test_a_version_without_a_document_has_none() -> None:
    assert documented_forms.forms("monitoring", "v9", "ListGroups", TagKey.pb().DESCRIPTOR, Policy.DESCRIPTOR) == ()
