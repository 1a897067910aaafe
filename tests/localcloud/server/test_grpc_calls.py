"""Clients whose default transport is gRPC create, read, change and delete in services that they reach over it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from queue import SimpleQueue
from typing import Any

import grpc
import pytest
from google.api_core.exceptions import InvalidArgument, NotFound, PermissionDenied
from google.cloud import monitoring_v3, pubsub_v1
from google.cloud.logging_v2.services.config_service_v2 import ConfigServiceV2Client
from google.cloud.logging_v2.services.logging_service_v2 import LoggingServiceV2Client
from google.cloud.logging_v2.services.metrics_service_v2 import MetricsServiceV2Client
from google.logging.type.log_severity_pb2 import WARNING
from google.protobuf import any_pb2
from google.pubsub_v1 import PublisherClient, SubscriberClient
from localcloud.server import certificates
from localcloud.server.message_stream import Outstanding

from tests.localcloud.inside import OWNER, PROJECT
from tests.localcloud.serving import Serving, serving

PARENT = f"projects/{PROJECT}"
GLOBAL = {"type": "global"}
Connect = Callable[..., Any]


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Serving, bytes]]:
    state = tmp_path_factory.mktemp("grpc") / "state"
    with serving(state, "pubsub", "logging", "monitoring") as running:
        yield running, certificates.Authority(state).certificate.read_bytes()


@pytest.fixture
def connect(cloud: tuple[Serving, bytes], monkeypatch: pytest.MonkeyPatch) -> Iterator[Connect]:
    """(client's class, principal) -> a client that calls Google's host through the proxy."""
    running, authority = cloud
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{running.port}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    trusted = grpc.ssl_channel_credentials(authority)
    with ExitStack() as channels:

        def client(kind: Any, principal: str = OWNER) -> Any:
            transport = kind.get_transport_class("grpc")
            bearer = grpc.access_token_call_credentials(running.cloud.tokens.token(principal))
            both = grpc.composite_channel_credentials(trusted, bearer)
            channel = channels.enter_context(grpc.secure_channel(f"{transport.DEFAULT_HOST}:443", both))
            return kind(transport=transport(channel=channel))

        yield client


def test_log_entries_are_written_listed_and_deleted(connect: Connect) -> None:
    logs = connect(LoggingServiceV2Client)
    name = f"{PARENT}/logs/team%2Ftraining"
    entry = {"text_payload": "epoch 1", "severity": "WARNING", "labels": {"run": "7"}}
    logs.write_log_entries(log_name=name, resource=GLOBAL, entries=[entry])
    wanted = {"resource_names": [PARENT], "filter": f'logName="{name}"'}
    (found,) = logs.list_log_entries(request=wanted)
    assert (found.text_payload, found.severity, found.labels) == ("epoch 1", WARNING, {"run": "7"})
    assert name in list(logs.list_logs(parent=PARENT))
    with pytest.raises(PermissionDenied, match=r"logging\.logEntries\.list"):
        list(connect(LoggingServiceV2Client, "user:eve@example.com").list_log_entries(request=wanted))
    logs.delete_log(log_name=name)
    assert list(logs.list_log_entries(request=wanted)) == []


def test_payloads_of_unknown_types_are_listed_and_refused_when_written(
    cloud: tuple[Serving, bytes], connect: Connect
) -> None:
    logs = connect(LoggingServiceV2Client)
    name = f"{PARENT}/logs/payloads"
    kinds = {"google.cloud.audit.AuditLog": {"methodName": "m"}, "example.Unknown": {"field": "f"}}
    entries = [
        {"logName": name, "resource": GLOBAL, "insertId": kind, "protoPayload": {"@type": f"x.com/{kind}", **fields}}
        for kind, fields in kinds.items()
    ]
    cloud[0]("POST", "logging/v2/entries:write", {"entries": entries})
    listed = logs.list_log_entries(request={"resource_names": [PARENT], "filter": f'logName="{name}"'})
    found = {one.insert_id: one for one in listed}
    assert found["google.cloud.audit.AuditLog"].proto_payload.type_url == "x.com/google.cloud.audit.AuditLog"
    assert found["example.Unknown"].json_payload["field"] == "f"
    unknown = {"proto_payload": any_pb2.Any(type_url="x.com/example.Unknown", value=b"")}
    with pytest.raises(InvalidArgument, match=r"example\.Unknown"):
        logs.write_log_entries(log_name=name, resource=GLOBAL, entries=[unknown])


def test_sinks_and_log_metrics_are_changed(connect: Connect) -> None:
    sinks = connect(ConfigServiceV2Client)
    bucket = f"{PARENT}/locations/global/buckets/_Default"
    target = f"logging.googleapis.com/{bucket}"
    sinks.create_sink(parent=PARENT, sink={"name": "audit", "destination": target, "filter": "severity>=ERROR"})
    changed = sinks.update_sink(
        sink_name=f"{PARENT}/sinks/audit",
        sink={"name": "audit", "destination": target, "filter": "severity>=INFO"},
        update_mask={"paths": ["filter"]},
    )
    assert changed.filter == "severity>=INFO"
    assert sinks.get_bucket(request={"name": bucket}).name.endswith("/buckets/_Default")
    sinks.delete_sink(sink_name=f"{PARENT}/sinks/audit")
    with pytest.raises(NotFound):
        sinks.get_sink(sink_name=f"{PARENT}/sinks/audit")
    metrics = connect(MetricsServiceV2Client)
    metrics.create_log_metric(parent=PARENT, metric={"name": "errors", "filter": "severity>=ERROR"})
    assert [one.name for one in metrics.list_log_metrics(parent=PARENT)] == ["errors"]
    metrics.delete_log_metric(metric_name=f"{PARENT}/metrics/errors")
    assert list(metrics.list_log_metrics(parent=PARENT)) == []


def test_time_series_are_written_and_listed(cloud: tuple[Serving, bytes], connect: Connect) -> None:
    metrics = connect(monitoring_v3.MetricServiceClient)
    kind = "custom.googleapis.com/training/loss"
    descriptor = {"type": kind, "metric_kind": "GAUGE", "value_type": "DOUBLE"}
    metrics.create_metric_descriptor(name=PARENT, metric_descriptor=descriptor)
    assert metrics.get_metric_descriptor(name=f"{PARENT}/metricDescriptors/{kind}").type == kind
    now = {"seconds": int(cloud[0].cloud.clock.seconds())}
    point = {"interval": {"end_time": now}, "value": {"double_value": 0.25}}
    series = {"metric": {"type": kind}, "resource": {"type": "global"}, "points": [point]}
    metrics.create_time_series(name=PARENT, time_series=[series])
    interval = {"start_time": {"seconds": now["seconds"] - 60}, "end_time": {"seconds": now["seconds"] + 60}}
    (found,) = metrics.list_time_series(
        request={"name": PARENT, "filter": f'metric.type="{kind}"', "interval": interval, "view": "FULL"}
    )
    assert [one.value.double_value for one in found.points] == [0.25]


def test_alert_policies_are_changed_by_a_mask(connect: Connect) -> None:
    policies = connect(monitoring_v3.AlertPolicyServiceClient)
    threshold = {"filter": 'metric.type="m" AND resource.type="global"', "comparison": "COMPARISON_GT", "duration": {}}
    condition = {"display_name": "high", "condition_threshold": threshold}
    policy = {"display_name": "loss", "combiner": "OR", "conditions": [condition]}
    created = policies.create_alert_policy(name=PARENT, alert_policy=policy)
    policies.update_alert_policy(
        alert_policy={"name": created.name, "display_name": "lost"}, update_mask={"paths": ["display_name"]}
    )
    found = policies.get_alert_policy(name=created.name)
    assert (found.display_name, found.conditions[0].display_name) == ("lost", "high")
    policies.delete_alert_policy(name=created.name)
    assert list(policies.list_alert_policies(name=PARENT)) == []


@pytest.fixture
def subscription(connect: Connect, request: pytest.FixtureRequest) -> tuple[str, str]:
    """A topic and its subscription, both of the test's own."""
    name = re.sub(r"\W+|_", "-", request.node.name)[:90]
    topic, subscription = f"{PARENT}/topics/{name}", f"{PARENT}/subscriptions/{name}"
    connect(PublisherClient).create_topic(name=topic)
    connect(SubscriberClient).create_subscription(name=subscription, topic=topic)
    return topic, subscription


def test_messages_are_published_and_pulled(
    cloud: tuple[Serving, bytes], connect: Connect, subscription: tuple[str, str]
) -> None:
    topic, name = subscription
    connect(PublisherClient).publish(topic=topic, messages=[{"data": b"\x00run", "attributes": {"a": "b"}}])
    subscriber = connect(SubscriberClient)
    (received,) = subscriber.pull(subscription=name, max_messages=5).received_messages
    assert (received.message.data, received.message.attributes) == (b"\x00run", {"a": "b"})
    subscriber.acknowledge(subscription=name, ack_ids=[received.ack_id])
    assert cloud[0]("POST", f"pubsub/v1/{name}:pull", {"maxMessages": 5, "returnImmediately": True}) == {}


def test_a_subscriber_gets_messages_as_they_come(
    cloud: tuple[Serving, bytes], connect: Connect, subscription: tuple[str, str]
) -> None:
    topic, name = subscription
    publisher = connect(PublisherClient)
    subscriber = pubsub_v1.SubscriberClient(transport=connect(SubscriberClient).transport)
    received: SimpleQueue[Any] = SimpleQueue()
    streaming = subscriber.subscribe(name, callback=received.put)
    for data in (b"first", b"second"):
        publisher.publish(topic=topic, messages=[{"data": data}])
        message = received.get(timeout=60)
        assert message.data == data
        message.ack()
    streaming.cancel()
    streaming.result(timeout=60)
    assert cloud[0]("POST", f"pubsub/v1/{name}:pull", {"maxMessages": 5, "returnImmediately": True}) == {}


def test_a_stream_takes_acknowledgments_and_deadlines(connect: Connect, subscription: tuple[str, str]) -> None:
    topic, name = subscription
    connect(PublisherClient).publish(topic=topic, messages=[{"data": b"kept"}, {"data": b"done"}])
    requests: SimpleQueue[Any] = SimpleQueue()
    requests.put({"subscription": name, "stream_ack_deadline_seconds": 60})
    stream = connect(SubscriberClient).streaming_pull(iter(requests.get, None))
    acks = {one.message.data: one.ack_id for one in next(stream).received_messages}
    again = {"modify_deadline_ack_ids": [acks[b"kept"]], "modify_deadline_seconds": [0]}
    requests.put({"ack_ids": [acks[b"done"]], **again})
    assert [one.message.data for one in next(stream).received_messages] == [b"kept"]
    requests.put(None)
    assert list(stream) == []


@pytest.mark.parametrize("limit", [{"max_outstanding_messages": 2}, {"max_outstanding_bytes": 1}])
def test_a_stream_has_no_more_outstanding_than_its_client_wants(
    connect: Connect, subscription: tuple[str, str], limit: dict[str, int]
) -> None:
    topic, name = subscription
    connect(PublisherClient).publish(topic=topic, messages=[{"data": data} for data in (b"a", b"b", b"c", b"d")])
    requests: SimpleQueue[Any] = SimpleQueue()
    requests.put({"subscription": name, "stream_ack_deadline_seconds": 600, **limit})
    subscriber = connect(SubscriberClient)
    stream = subscriber.streaming_pull(iter(requests.get, None), timeout=60)
    first = [one.ack_id for one in next(stream).received_messages]
    assert len(first) == limit.get("max_outstanding_messages", 1)
    pulled = subscriber.pull(subscription=name, max_messages=10).received_messages
    assert len(first) + len(pulled) == 4
    subscriber.modify_ack_deadline(subscription=name, ack_ids=[one.ack_id for one in pulled], ack_deadline_seconds=0)
    requests.put({"ack_ids": first[:1]})
    (second,) = next(stream).received_messages
    subscriber.acknowledge(subscription=name, ack_ids=[second.ack_id, *first])
    assert len(next(stream).received_messages) == 1
    requests.put(None)
    assert list(stream) == []


def test_what_a_client_has_lost_by_its_lease_is_not_outstanding() -> None:
    held = Outstanding()
    assert held.room(0) == 100
    held.limit(2, 0)
    held.add("a", 10, 5)
    held.add("b", 10, 7)
    assert [held.room(now) for now in (4, 6)] == [0, 1]
    held.lease(["b"], 9)
    assert [held.room(now) for now in (8, 10)] == [1, 2]


def test_a_stream_of_one_who_may_not_pull_is_refused(connect: Connect, subscription: tuple[str, str]) -> None:
    stranger = connect(SubscriberClient, "user:eve@example.com")
    requests: SimpleQueue[Any] = SimpleQueue()
    requests.put({"subscription": subscription[1]})
    with pytest.raises(PermissionDenied, match=r"pubsub\.subscriptions\.consume"):
        next(stranger.streaming_pull(iter(requests.get, None)))
    requests.put(None)
