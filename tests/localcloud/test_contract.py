"""The contract of the standard verbs, for every resource that they alone serve: every sent field is returned."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from localcloud.engine.dialect import OLDER
from localcloud.engine.service import Resource, Service
from localcloud.services import compute, logging, pubsub
from localcloud.spec.discovery import Method, document

from tests.localcloud.services.requests_inside import PROJECT, Sender, sender

TOPIC = f"projects/{PROJECT}/topics/there"
AVRO = '{"type": "record", "name": "Card", "fields": [{"name": "title", "type": "string"}]}'
PLACES = {"zones": "europe-west1-b", "regions": "europe-west1", "locations": "europe-west1"}
# Fields that a service checks: a value that it accepts, or None for a field that conflicts with others.
OWN_VALUES: Mapping[str, Mapping[str, Any]] = {
    "Disk": {
        "sizeGb": "20",
        "type": "zones/europe-west1-b/diskTypes/pd-ssd",
        "users": None,
        **dict.fromkeys(("sourceDisk", "sourceImage", "sourceSnapshot")),
    },
    "Instance": {
        "machineType": "zones/europe-west1-b/machineTypes/e2-medium",
        "disks": [{"boot": True, "initializeParams": {"diskSizeGb": "20"}}],
        "networkInterfaces": [{"network": "global/networks/default"}],
        "guestAccelerators": [
            {"acceleratorType": "zones/europe-west1-b/acceleratorTypes/nvidia-tesla-t4", "acceleratorCount": 1}
        ],
        "deletionProtection": False,
        "serviceAccounts": [{"email": f"runner@{PROJECT}.iam.gserviceaccount.com", "scopes": ["a"]}],
        "scheduling": {
            "onHostMaintenance": "TERMINATE",
            "automaticRestart": True,
            "provisioningModel": "RESERVATION_BOUND",
            "nodeAffinities": [{"key": "a", "operator": "IN", "values": ["b"]}],
            "minNodeCpus": 7,
            "maxRunDuration": {"seconds": "43200", "nanos": 7},
            "onInstanceStopAction": {"discardLocalSsd": True},
        },
        "metadata": {"items": [{"key": "a", "value": "b"}]},
        "tags": {"items": ["a"]},
    },
    # Together with these, deleteBgpAlwaysCompareMed would remove one of them.
    "Network": {
        "routingConfig": {
            "routingMode": "GLOBAL",
            "bgpBestPathSelectionMode": "STANDARD",
            "bgpAlwaysCompareMed": True,
            "bgpInterRegionCost": "ADD_COST_TO_MED",
        }
    },
    "Image": {"sourceDisk": None, "sourceImage": None, "sourceSnapshot": None, "diskSizeGb": "20"},
    "Snapshot": {"sourceDisk": None},
    "Subnetwork": {
        "network": "global/networks/default",
        "ipCidrRange": "192.168.0.0/24",
        "secondaryIpRanges": [{"rangeName": "pods", "ipCidrRange": "192.168.1.0/24"}],
    },
    "Firewall": {
        "network": "global/networks/default",
        "allowed": [{"IPProtocol": "tcp", "ports": ["22", "8000-8080"]}],
        "denied": None,
        "direction": "INGRESS",
        "sourceRanges": ["192.168.0.0/24"],
        "destinationRanges": ["192.168.1.0/24"],
        "sourceServiceAccounts": None,
        "targetServiceAccounts": None,
    },
    "LogSink": {"destination": f"pubsub.googleapis.com/{TOPIC}", "filter": "severity>=ERROR", "exclusions": []},
    "LogMetric": {
        "filter": "severity>=ERROR",
        "valueExtractor": "EXTRACT(jsonPayload.seconds)",
        "labelExtractors": {"a": 'REGEXP_EXTRACT(jsonPayload.path, "/(.*)")'},
    },
    "LogExclusion": {"filter": "severity>=ERROR"},
    "Topic": {
        "messageRetentionDuration": "600s",
        "schemaSettings": {"schema": f"projects/{PROJECT}/schemas/there", "encoding": "JSON"},
    },
    "Schema": {"type": "AVRO", "definition": AVRO, "compiledProtoSchema": None},
    "Subscription": {
        "topic": TOPIC,
        "ackDeadlineSeconds": 20,
        "messageRetentionDuration": "600s",
        "expirationPolicy": {"ttl": "86400s"},
        "filter": "attributes:a",
        "deadLetterPolicy": {"deadLetterTopic": TOPIC, "maxDeliveryAttempts": 7},
        "retryPolicy": {"minimumBackoff": "10s", "maximumBackoff": "20s"},
        "pushConfig": {"pushEndpoint": "https://example.com/push"},
    },
}
SERVER_MADE = {
    "kind",
    "id",
    "selfLink",
    "name",
    "zone",
    "region",
    "creationTimestamp",
    "etag",
    "fingerprint",
    "labelFingerprint",
    "deleteBgpAlwaysCompareMed",  # removes the next field
    "bgpAlwaysCompareMed",
}
VALUES = {
    "google-datetime": "2030-01-01T00:00:00Z",
    "google-duration": "600s",
    "byte": "eA==",
    "int64": "7",
    "uint64": "7",
}


def declared() -> Iterator[Any]:
    for service in (compute.SERVICE, logging.SERVICE, pubsub.SERVICE):
        for collection, resource in service.resources.items():
            if resource.kind == "Snapshot":  # made of a subscription, not of its own fields
                continue
            yield pytest.param(service, collection, resource, id=f"{service.api}.{collection}")


def sample(schemas: Mapping[str, Any], schema: Mapping[str, Any], depth: int = 0) -> Any:
    """A value of a schema: every field that is sent and comes back, three levels deep."""
    schema = schemas[schema["$ref"]] if "$ref" in schema else schema
    kind = schema.get("type")
    if kind == "array":
        return [sample(schemas, schema["items"], depth + 1)]
    if "additionalProperties" in schema:
        return {"a": sample(schemas, schema["additionalProperties"], depth + 1)}
    if kind == "object":
        fields = schema.get("properties", {}) if depth < 3 else {}
        sent = {name: one for name, one in fields.items() if not _one_way(one) and name not in SERVER_MADE}
        return {name: sample(schemas, one, depth + 1) for name, one in sent.items()}
    if "enum" in schema:
        return next(one for one in schema["enum"] if "UNSPECIFIED" not in one)
    simple = {"boolean": True, "integer": 7, "number": 7}
    return simple.get(str(kind), VALUES.get(schema.get("format", ""), "b"))


def _one_way(field: Mapping[str, Any]) -> bool:
    description = field.get("description", "").lower()
    return bool(field.get("readOnly")) or "output only" in description or "[input only]" in description


def path_of(service: Service, method: Method) -> str:
    path = re.sub(r"projects/\{\w+\}", f"projects/{PROJECT}", method.flat_path)
    for place, name in PLACES.items():
        path = re.sub(rf"{place}/\{{\w+\}}", f"{place}/{name}", path)
    path = path.replace("buckets/{bucketsId}/", "buckets/around/")
    return f"/{service.api}/{re.sub(r'{[^}]*}', 'thing', path)}"


def holds(found: Any, sent: Any, path: str) -> None:
    """Asserts that the result has everything that was sent; references may have become full URLs."""
    if isinstance(sent, dict):
        for key, value in sent.items():
            assert key in found, f"{path}.{key} is lost"
            holds(found[key], value, f"{path}.{key}")
    elif isinstance(sent, list):
        assert len(found) == len(sent), path
        for one, other in zip(found, sent, strict=True):
            holds(one, other, path)
    elif isinstance(sent, str) and "/" in sent:
        assert str(found).endswith(sent), path
    else:
        assert found == sent, path


@pytest.fixture
def call(tmp_path: Path) -> Sender:
    call = sender(tmp_path, "compute", "pubsub")
    call("PUT", f"/pubsub/v1/{TOPIC}", {})
    call("POST", f"/logging/v2/projects/{PROJECT}/locations/europe-west1/buckets?bucketId=around", {})
    schema = {"type": "AVRO", "definition": AVRO}
    call("POST", f"/pubsub/v1/projects/{PROJECT}/schemas?schemaId=there", schema)
    return call


def sendable(service: Service, resource: Resource) -> Any:
    """Every field that a create accepts, with a valid value where the service checks it."""
    own = OWN_VALUES.get(resource.kind, {})
    fields = sample(document(service.api, service.versions[0]).schemas, {"$ref": resource.kind}) | own
    return {key: value for key, value in fields.items() if value is not None} | {"name": "thing"}


def method(service: Service, collection: str, *verbs: str) -> Method:
    known = document(service.api, service.versions[0]).methods
    return next(known[name] for verb in verbs if (name := f"{service.api}.{collection}.{verb}") in known)


@pytest.mark.parametrize(("service", "collection", "resource"), list(declared()))
def test_every_sent_field_is_returned_and_the_resource_is_deleted(
    call: Sender, service: Service, collection: str, resource: Resource
) -> None:
    makes, get, listing, delete = (
        method(service, collection, *verbs) for verbs in (("insert", "create"), ("get",), ("list",), ("delete",))
    )
    sent = sendable(service, resource)
    named = f"?{resource.id_param}=thing" if resource.id_param else ""
    call(makes.http, path_of(service, makes) + named, sent)
    found = call("GET", path_of(service, get))
    unread = {"name", "disks"} if resource.kind == "Instance" else {"name"}
    holds(found, {key: value for key, value in sent.items() if key not in unread}, resource.kind)
    whole = "?view=FULL" if "view" in listing.params else ""
    listed = call("GET", path_of(service, listing) + whole)
    assert any(isinstance(part, list) and found in part for part in listed.values())
    reply = call.reply("DELETE", path_of(service, delete), {"authorization": call.bearer()})
    assert reply.status in {200, 204}, reply.body
    call("GET", path_of(service, get), status=200 if resource.soft_delete else 404)


PATCHED = [one for one in declared() if f"{one.values[0].api}.{one.values[1]}.patch" in document(
    one.values[0].api, one.values[0].versions[0]
).methods and one.values[0].dialect is OLDER]  # fmt: skip


@pytest.mark.parametrize(("service", "collection", "resource"), PATCHED)
def test_a_patch_changes_what_it_names_and_nothing_else(
    call: Sender, service: Service, collection: str, resource: Resource
) -> None:
    makes, get, patch = (method(service, collection, *verbs) for verbs in (("insert",), ("get",), ("patch",)))
    call(makes.http, path_of(service, makes), sendable(service, resource))
    before = call("GET", path_of(service, get))
    fingerprint = {key: value for key, value in before.items() if key == "fingerprint"}
    call("PATCH", path_of(service, patch), {"description": "another", **fingerprint})
    after = call("GET", path_of(service, get))
    apart = {"description", "fingerprint"}
    assert after["description"] == "another"
    assert {k: v for k, v in after.items() if k not in apart} == {k: v for k, v in before.items() if k not in apart}
