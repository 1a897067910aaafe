"""Schemas and their revisions, topics that check what is published to them, and snapshots."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import descriptor_pb2
from localcloud.errors import CloudError
from localcloud.services.pubsub import definitions

from tests.localcloud.services.requests_inside import PROJECT, Sender, sender

BASE = f"/pubsub/v1/projects/{PROJECT}"
SCHEMA = f"projects/{PROJECT}/schemas/card"
AVRO = json.dumps(
    {
        "type": "record",
        "name": "Card",
        "fields": [{"name": "title", "type": "string"}, {"name": "price", "type": ["null", "double"], "default": None}],
    }
)
PROTO = 'syntax = "proto3";\nmessage Card {\n  string title = 1;\n  double price = 2;\n}\n'


@pytest.fixture
def call(tmp_path: Path) -> Sender:
    return sender(tmp_path, "pubsub")


def encoded(text: str | bytes) -> str:
    return base64.b64encode(text if isinstance(text, bytes) else text.encode()).decode()


def schema(call: Sender, definition: str = AVRO, kind: str = "AVRO") -> Any:
    return call("POST", f"{BASE}/schemas?schemaId=card", {"type": kind, "definition": definition})


def test_a_schema_has_revisions_that_can_be_committed_rolled_back_and_deleted(call: Sender) -> None:
    first = schema(call)
    assert (first["name"], first["definition"], len(first["revisionId"])) == (SCHEMA, AVRO, 8)
    wider = AVRO.replace('"title"', '"name"')
    second = call("POST", f"{BASE}/schemas/card:commit", {"schema": {"type": "AVRO", "definition": wider}})
    assert call("GET", f"{BASE}/schemas/card") == second
    assert call("GET", f"{BASE}/schemas/card@{first['revisionId']}") == first
    third = call("POST", f"{BASE}/schemas/card:rollback", {"revisionId": first["revisionId"]})
    assert (third["definition"], third["revisionId"] in (first["revisionId"], second["revisionId"])) == (AVRO, False)
    listed = call("GET", f"{BASE}/schemas/card:listRevisions?pageSize=2")
    assert [one["revisionId"] for one in listed["schemas"]] == [third["revisionId"], second["revisionId"]]
    rest = call("GET", f"{BASE}/schemas/card:listRevisions?pageSize=2&pageToken={listed['nextPageToken']}&view=FULL")
    assert rest["schemas"] == [first]
    assert call("DELETE", f"{BASE}/schemas/card@{third['revisionId']}:deleteRevision") == second
    (found,) = call("GET", f"{BASE}/schemas")["schemas"]
    assert "definition" not in found
    assert call("GET", f"{BASE}/schemas?view=FULL")["schemas"] == [second]
    assert "cannot change" in call.refused(
        "POST", f"{BASE}/schemas/card:commit", {"schema": {"type": "PROTOCOL_BUFFER", "definition": PROTO}}
    )


@pytest.mark.parametrize(
    ("kind", "definition"),
    [
        ("AVRO", "{"),
        ("AVRO", '{"type": "record", "name": "Card"}'),
        ("AVRO", '"string"'),
        ("AVRO", "[" * 100_000),
        ("PROTOCOL_BUFFER", "message Card {"),
        ("PROTOCOL_BUFFER", 'syntax = "proto3"; import "/etc/passwd"; message A {}'),
        ("PROTOCOL_BUFFER", 'syntax = "proto3"; message A {} message B {}'),
        ("TYPE_UNSPECIFIED", AVRO),
    ],
)
def test_a_definition_that_cannot_be_read_is_refused(call: Sender, kind: str, definition: str) -> None:
    body = {"type": kind, "definition": definition}
    said = call.refused("POST", f"{BASE}/schemas?schemaId=card", body)
    assert said == call.refused("POST", f"{BASE}/schemas:validate", {"schema": body})
    assert "schema" in said


@pytest.mark.parametrize(
    ("kind", "definition", "encoding", "good", "bad"),
    [
        ("AVRO", AVRO, "JSON", b'{"title": "a", "price": {"double": 2}}', b'{"title": 3}'),
        ("AVRO", AVRO, "JSON", b'{"title": "a"}', b'{"title": "a", "colour": "red"}'),
        ("AVRO", AVRO, "JSON", b'{"title": "a", "price": null}', b'["title"]'),
        ("AVRO", AVRO, "BINARY", b"\x02a\x00", b"\x02a\x00more"),
        ("AVRO", AVRO, "BINARY", b"\x02a\x00", b"\xff\xff\xff"),
        ("PROTOCOL_BUFFER", PROTO, "JSON", b'{"title": "a", "price": 2}', b'{"colour": "red"}'),
        ("PROTOCOL_BUFFER", PROTO, "BINARY", b"\x0a\x01a", b"\x0a\x09a"),
    ],
)
def test_a_topic_accepts_what_matches_its_schema(
    call: Sender, kind: str, definition: str, encoding: str, good: bytes, bad: bytes
) -> None:
    made = schema(call, definition, kind)
    call("PUT", f"{BASE}/topics/cards", {"schemaSettings": {"schema": SCHEMA, "encoding": encoding}})
    call("PUT", f"{BASE}/subscriptions/all", {"topic": f"projects/{PROJECT}/topics/cards"})
    call("POST", f"{BASE}/topics/cards:publish", {"messages": [{"data": encoded(good)}]})
    for message in (bad, b""):
        sent = {"messages": [{"data": encoded(message), "attributes": {"a": "b"}}]}
        if message or encoding == "JSON" or kind == "AVRO":
            assert "Message failed schema validation" in call.refused("POST", f"{BASE}/topics/cards:publish", sent)
    pulled = call("POST", f"{BASE}/subscriptions/all:pull", {"maxMessages": 9, "returnImmediately": True})
    (one,) = pulled["receivedMessages"]
    assert one["message"]["attributes"] == {
        "googclient_schemaencoding": encoding,
        "googclient_schemaname": SCHEMA,
        "googclient_schemarevisionid": made["revisionId"],
    }
    asked = {"name": SCHEMA, "message": encoded(good), "encoding": encoding}
    assert call("POST", f"{BASE}/schemas:validateMessage", asked) == {}
    call("POST", f"{BASE}/schemas:validateMessage", asked | {"message": encoded(bad)}, status=400)


def test_a_message_may_fit_any_revision_that_the_topic_allows(call: Sender) -> None:
    first = schema(call)
    other = AVRO.replace('"title"', '"name"')
    second = call("POST", f"{BASE}/schemas/card:commit", {"schema": {"type": "AVRO", "definition": other}})
    settings = {"schema": SCHEMA, "encoding": "JSON"}
    call("PUT", f"{BASE}/topics/both", {"schemaSettings": settings})
    call("PUT", f"{BASE}/topics/old", {"schemaSettings": settings | {"lastRevisionId": first["revisionId"]}})
    messages = {"messages": [{"data": encoded('{"name": "a"}')}]}
    call("POST", f"{BASE}/topics/both:publish", messages)
    call("POST", f"{BASE}/topics/old:publish", messages, status=400)
    assert second["revisionId"] != first["revisionId"]
    call("DELETE", f"{BASE}/schemas/card")
    assert call("GET", f"{BASE}/topics/old")["schemaSettings"]["schema"] == "_deleted-schema_"
    assert "was deleted" in call.refused("POST", f"{BASE}/topics/both:publish", messages)
    call("PUT", f"{BASE}/topics/none", {"schemaSettings": settings}, status=404)


def test_a_compiled_protocol_buffers_schema_is_accepted(call: Sender) -> None:
    file = descriptor_pb2.FileDescriptorProto(name="card.proto", package="team")
    file.message_type.add(name="Card").field.add(name="title", number=1, type=9, label=1)
    compiled = encoded(descriptor_pb2.FileDescriptorSet(file=[file]).SerializeToString())
    body = {"type": "PROTOCOL_BUFFER", "compiledProtoSchema": {"compiledBytes": compiled, "rootMessage": "team.Card"}}
    call("POST", f"{BASE}/schemas?schemaId=card", body)
    asked = {"name": SCHEMA, "message": encoded('{"title": "a"}'), "encoding": "JSON"}
    call("POST", f"{BASE}/schemas:validateMessage", asked)
    call("POST", f"{BASE}/schemas:validateMessage", asked | {"message": encoded('{"x": 1}')}, status=400)
    body["compiledProtoSchema"]["rootMessage"] = "team.None"
    call("POST", f"{BASE}/schemas?schemaId=other", body, status=400)


def test_a_subscription_goes_back_to_its_snapshot(call: Sender) -> None:
    topic, other = f"projects/{PROJECT}/topics/news", f"projects/{PROJECT}/topics/other"
    for name, attached in (("all", topic), ("apart", other)):
        call("PUT", f"/pubsub/v1/{attached}", {})
        call("PUT", f"{BASE}/subscriptions/{name}", {"topic": attached})

    def publish(text: str) -> None:
        call("POST", f"/pubsub/v1/{topic}:publish", {"messages": [{"data": encoded(text)}]})

    def drained() -> list[str]:
        body = {"maxMessages": 9, "returnImmediately": True}
        found = call("POST", f"{BASE}/subscriptions/all:pull", body).get("receivedMessages", [])
        if found:
            call("POST", f"{BASE}/subscriptions/all:acknowledge", {"ackIds": [one["ackId"] for one in found]})
        return [base64.b64decode(one["message"]["data"]).decode() for one in found]

    publish("before")
    assert drained() == ["before"]
    publish("kept")
    asked = {"subscription": f"projects/{PROJECT}/subscriptions/all", "labels": {"a": "b"}}
    made = call("PUT", f"{BASE}/snapshots/now", asked)
    assert (made["name"], made["topic"], made["labels"]) == (f"projects/{PROJECT}/snapshots/now", topic, {"a": "b"})
    call("PUT", f"{BASE}/snapshots/now", asked, status=409)
    publish("later")
    assert drained() == ["kept", "later"]
    for _ in range(2):
        call("POST", f"{BASE}/subscriptions/all:seek", {"snapshot": made["name"]})
        assert drained() == ["kept", "later"]
    assert call("GET", f"{BASE}/topics/news/snapshots") == {"snapshots": [made["name"]]}
    assert call("GET", f"{BASE}/topics/news/subscriptions") == {"subscriptions": [asked["subscription"]]}
    changed = {"snapshot": {"labels": {"c": "d"}}, "updateMask": "labels"}
    assert call("PATCH", f"{BASE}/snapshots/now", changed)["labels"] == {"c": "d"}
    assert [one["name"] for one in call("GET", f"{BASE}/snapshots")["snapshots"]] == [made["name"]]
    call("POST", f"{BASE}/subscriptions/apart:seek", {"snapshot": made["name"]}, status=400)
    call.cloud.clock.advance(8 * 86_400)
    call.cloud.due.run()
    call("POST", f"{BASE}/subscriptions/all:seek", {"snapshot": made["name"]}, status=404)
    call("PUT", f"{BASE}/snapshots/now", asked)
    call("DELETE", f"{BASE}/snapshots/now")
    call("GET", f"{BASE}/snapshots/now", status=404)


EMPTY = {"type": "record", "name": "Nothing", "fields": [{"name": "n", "type": "null"}]}


@pytest.mark.parametrize(
    "items",
    [
        "null",
        {"type": "null"},
        EMPTY,
        {"type": "fixed", "name": "None_", "size": 0},
        {"type": "array", "items": "null"},
        {"type": "record", "name": "In", "fields": [{"name": "x", "type": {"type": "array", "items": EMPTY}}]},
        {"type": "map", "values": {"type": "array", "items": "null"}},
        ["string", {"type": "array", "items": "null"}],
    ],
)
def test_no_message_holds_more_than_it_has_bytes(call: Sender, items: Any) -> None:
    fields = [{"name": "many", "type": {"type": "array", "items": items}}]
    definition = json.dumps({"type": "record", "name": "Card", "namespace": "cats", "fields": fields})
    message = call.refused("POST", f"{BASE}/schemas?schemaId=card", {"type": "AVRO", "definition": definition})
    assert "no array whose items are empty" in message


def test_a_record_may_hold_arrays_of_itself(call: Sender) -> None:
    many = {"name": "children", "type": {"type": "array", "items": "Card"}}
    fields = [{"name": "title", "type": "string"}, many, {"name": "nothing", "type": "null"}]
    schema(call, json.dumps({"type": "record", "name": "Card", "namespace": "cats", "fields": fields}))


def test_acknowledged_messages_that_are_retained_come_back(call: Sender) -> None:
    topic = f"projects/{PROJECT}/topics/news"
    call("PUT", f"/pubsub/v1/{topic}", {})
    for name in ("kept", "not-kept"):
        call("PUT", f"{BASE}/subscriptions/{name}", {"topic": topic, "retainAckedMessages": name == "kept"})

    def drained(name: str) -> list[str]:
        body = {"maxMessages": 9, "returnImmediately": True}
        found = call("POST", f"{BASE}/subscriptions/{name}:pull", body).get("receivedMessages", [])
        if found:
            call("POST", f"{BASE}/subscriptions/{name}:acknowledge", {"ackIds": [one["ackId"] for one in found]})
        return [base64.b64decode(one["message"]["data"]).decode() for one in found]

    moments = []
    for text in ("first", "second"):
        moments.append(call.cloud.clock.rfc3339())
        call.cloud.clock.advance(60)
        call("POST", f"/pubsub/v1/{topic}:publish", {"messages": [{"data": encoded(text)}]})
    assert drained("kept") == drained("not-kept") == ["first", "second"]
    for name, came in (("kept", ["second"]), ("not-kept", [])):
        call("POST", f"{BASE}/subscriptions/{name}:seek", {"time": moments[1]})
        assert drained(name) == came
    call("POST", f"{BASE}/subscriptions/kept:seek", {"time": moments[0]})
    assert drained("kept") == ["first", "second"]
    changed = {"subscription": {"retainAckedMessages": False}, "updateMask": "retainAckedMessages"}
    call("PATCH", f"{BASE}/subscriptions/kept", changed)
    call("POST", f"{BASE}/subscriptions/kept:seek", {"time": moments[0]})
    assert drained("kept") == []


def record(name: str, **fields: Any) -> dict[str, Any]:
    return {"type": "record", "name": name, "fields": [{"name": key, "type": kind} for key, kind in fields.items()]}


def test_a_message_that_is_as_deep_as_it_is_long_is_refused_and_nothing_else_happens() -> None:
    """In a process of its own: the compiled reader of Avro ended it."""
    schema = {"type": "AVRO", "definition": json.dumps(record("Chain", next=["null", "Chain"]))}
    code = (
        "from localcloud.services.pubsub import definitions\n"
        f"fits = definitions.reader({schema!r})\n"
        "definitions.check_message(fits, b'\\x02\\x02\\x00', 'BINARY')\n"
        "definitions.check_message(fits, b'\\x02' * 200_000, 'BINARY')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1, done
    assert "Message failed schema validation" in done.stderr


@pytest.mark.parametrize(
    ("definition", "says"),
    [
        (record("R", r="R"), "always holds another R"),
        (record("R", s=record("S", r="R")), "always holds another R"),
        (record("R", **{f"n{at}": "null" for at in range(21)}), "at most 5000 parts"),
        (
            record(
                "Top",
                r0=record("R0", a="int"),
                **{f"r{at}": record(f"R{at}", a=f"R{at - 1}", b=f"R{at - 1}") for at in range(1, 40)},
            ),
            "at most 5000 parts",
        ),
    ],
)
def test_a_few_lines_stand_for_no_endless_message(definition: dict[str, Any], says: str) -> None:
    with pytest.raises(CloudError, match=says):
        definitions.check({"type": "AVRO", "definition": json.dumps(definition)})


def test_a_definition_that_is_nested_deep_is_refused_before_it_is_compiled() -> None:
    """The compiler's errors about it would take gigabytes, and end the process."""
    for text in ("optional group A = 1 {" * 12_000, "message A {" * 61 + "}" * 61):
        with pytest.raises(CloudError, match="nested more than 60 deep"):
            definitions.check({"type": "PROTOCOL_BUFFER", "definition": f'syntax = "proto2"; message M {{{text}'})
    many = "".join(f"message A{at} {{ map<string, int32> m = 1; }}" for at in range(100))
    definitions.check({"type": "PROTOCOL_BUFFER", "definition": f'syntax = "proto3"; message M {{ {many} }}'})
