"""Cloud Run functions: their life, their services and triggers, what is refused, and hostile archives."""

import asyncio
import io
import stat
import zipfile
from pathlib import Path
from typing import Any

import pytest
from localcloud.server.assembly import application
from localcloud.services import SERVICES
from localcloud.services.cloudfunctions import builds

from tests.localcloud.services.requests_inside import NUMBER, PROJECT, Sender, sender

PLACE = f"projects/{PROJECT}/locations/europe-west1"
FUNCTIONS = f"/cloudfunctions/v2/{PLACE}/functions"
NAME = f"{PLACE}/functions/resize"
DEFAULT = f"{NUMBER}-compute@developer.gserviceaccount.com"
AGENT = f"service-{NUMBER}@gs-project-accounts.iam.gserviceaccount.com"
MAIN = b"import functions_framework\n\n\n@functions_framework.http\ndef resize(request):\n    return 'small'\n"
EVENTS = {
    "eventType": "google.cloud.storage.object.v1.finalized",
    "eventFilters": [{"attribute": "bucket", "value": "uploads"}],
}


@pytest.fixture
def call(tmp_path: Path) -> Sender:
    call = sender(
        tmp_path, "cloudfunctions", "run", "iam", "pubsub", "storage", "eventarc", "cloudbuild", "artifactregistry"
    )
    application(call.cloud, SERVICES, "http://127.0.0.1:1", "key")  # what asks Google's APIs for others
    for bucket in ("code", "uploads"):
        call("POST", f"/storage/v1/b?project={PROJECT}", {"name": bucket, "location": "europe-west1"})
    put(call, packed({"main.py": MAIN}))
    return call


def packed(files: dict[str, bytes]) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return whole.getvalue()


def put(call: Sender, data: bytes, name: str = "f.zip") -> None:
    path = f"/upload/storage/v1/b/code/o?uploadType=media&name={name}"
    call.send("POST", path, {"authorization": call.bearer(), "content-type": "application/zip"}, data)


def sent(**more: Any) -> dict[str, Any]:
    source = {"storageSource": {"bucket": "code", "object": "f.zip"}}
    return {"buildConfig": {"runtime": "python312", "entryPoint": "resize", "source": source}, **more}


def settled(call: Sender, operation: Any) -> Any:
    """The operation once the work is done."""
    assert "done" not in operation
    asyncio.run(call.cloud.jobs.settled())
    return call("GET", f"/cloudfunctions/v2/{operation['name']}")


def deployed(call: Sender, **more: Any) -> Any:
    ended = settled(call, call("POST", f"{FUNCTIONS}?functionId=resize", sent(**more)))
    assert "error" not in ended, ended
    return ended["response"]


def failing(call: Sender, **more: Any) -> str:
    ended = settled(call, call("POST", f"{FUNCTIONS}?functionId=resize", sent(**more)))
    return str(ended["error"]["message"])


def test_a_function_has_googles_defaults_and_a_service_that_runs_it(call: Sender) -> None:
    created = deployed(call, labels={"team": "crops"}, serviceConfig={"environmentVariables": {"MODE": "fast"}})
    assert created["@type"] == "type.googleapis.com/google.cloud.functions.v2.Function"
    assert (created["state"], created["environment"]) == ("ACTIVE", "GEN_2")
    assert created["url"] == f"https://europe-west1-{PROJECT}.cloudfunctions.net/resize"
    config = created["serviceConfig"]
    assert {key: config[key] for key in ("availableMemory", "availableCpu", "timeoutSeconds")} == {
        "availableMemory": "256M", "availableCpu": "0.1666", "timeoutSeconds": 60,
    }  # fmt: skip
    assert config["serviceAccountEmail"] == DEFAULT
    assert config["service"] == f"{PLACE}/services/resize"
    service = call("GET", f"/run/v2/{PLACE}/services/resize")
    assert service["uri"] == config["uri"]
    assert service["labels"] == {"team": "crops", "goog-managed-by": "cloudfunctions"}
    container = service["template"]["containers"][0]
    assert {"name": "MODE", "value": "fast"} in container["env"]
    assert created["buildConfig"]["source"]["storageSource"]["bucket"] == f"gcf-v2-sources-{NUMBER}-europe-west1"
    assert call("GET", f"/cloudfunctions/v2/{NAME}") == {key: value for key, value in created.items() if key != "@type"}
    assert [one["name"] for one in call("GET", FUNCTIONS)["functions"]] == [NAME]


def test_a_function_that_cannot_be_built_here_says_so(call: Sender) -> None:
    (message,) = deployed(call)["stateMessages"]
    assert message["type"] == "NotBuilt"
    assert "(simulated)" in message["message"]


def test_a_function_in_another_language_will_not_be_built_here_at_any_time(call: Sender) -> None:
    build = sent()["buildConfig"] | {"runtime": "nodejs22"}
    (message,) = deployed(call, buildConfig=build)["stateMessages"]
    assert message["type"] == "Simulated"


def test_a_change_of_its_settings_rolls_out_a_revision_and_keeps_the_rest(call: Sender) -> None:
    deployed(call)
    body = {"serviceConfig": {"availableMemory": "512M", "timeoutSeconds": 90}, "description": "ignored"}
    mask = "service_config.available_memory,service_config.timeout_seconds"
    changed = settled(call, call("PATCH", f"/cloudfunctions/v2/{NAME}?updateMask={mask}", body))["response"]
    assert "description" not in changed
    assert changed["serviceConfig"]["revision"].startswith("resize-00002")
    service = call("GET", f"/run/v2/{PLACE}/services/resize")
    assert service["template"]["timeout"] == "90s"
    assert service["template"]["containers"][0]["resources"]["limits"]["memory"] == "512Mi"


def test_deleting_a_function_deletes_all_that_was_made_for_it(call: Sender) -> None:
    call.grant("roles/pubsub.publisher", f"serviceAccount:{AGENT}")
    call.grant("roles/eventarc.eventReceiver", f"serviceAccount:{DEFAULT}")
    deployed(call, eventTrigger=EVENTS)
    assert call("DELETE", f"/cloudfunctions/v2/{NAME}")["done"]
    assert call("GET", FUNCTIONS) == {}
    assert call("GET", f"/run/v2/{PLACE}/services") == {}
    assert call("GET", f"/eventarc/v1/{PLACE}/triggers") == {}
    assert call("GET", f"/pubsub/v1/projects/{PROJECT}/topics") == {}
    assert "items" not in call("GET", f"/storage/v1/b/gcf-v2-sources-{NUMBER}-europe-west1/o")


def test_its_trigger_sends_the_events_of_a_bucket_to_its_service(call: Sender) -> None:
    call.grant("roles/pubsub.publisher", f"serviceAccount:{AGENT}")
    call.grant("roles/eventarc.eventReceiver", f"serviceAccount:{DEFAULT}")
    trigger = deployed(call, eventTrigger={**EVENTS, "retryPolicy": "RETRY_POLICY_RETRY"})["eventTrigger"]
    found = call("GET", f"/eventarc/v1/{trigger['trigger']}")
    assert found["destination"] == {"cloudFunction": NAME}
    assert "retryPolicy" not in found
    assert trigger["pubsubTopic"] == found["transport"]["pubsub"]["topic"]
    body = {"eventTrigger": {**EVENTS, "retryPolicy": "RETRY_POLICY_DO_NOT_RETRY"}}
    changed = settled(call, call("PATCH", f"/cloudfunctions/v2/{NAME}?updateMask=eventTrigger", body))["response"]
    (only,) = call("GET", f"/eventarc/v1/{PLACE}/triggers")["triggers"]
    assert only["name"] == changed["eventTrigger"]["trigger"] != trigger["trigger"]
    assert only["retryPolicy"] == {"maxAttempts": 1}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (sent() | {"buildConfig": {**sent()["buildConfig"], "runtime": "python27"}}, "INVALID_RUNTIME"),
        (sent() | {"buildConfig": {**sent()["buildConfig"], "entryPoint": "a\nRUN curl"}}, "Invalid entry point"),
        ({"buildConfig": {"runtime": "python312"}}, "storage_source must have a bucket"),
        (sent(serviceConfig={"availableMemory": "much"}), "Invalid memory"),
        (sent(serviceConfig={"timeoutSeconds": 7200}), "between 1 and 3600"),
        (sent() | {"buildConfig": {**sent()["buildConfig"], "dockerRepository": "mine"}}, "Invalid repository"),
        (sent() | {"buildConfig": {**sent()["buildConfig"], "serviceAccount": "me"}}, "Invalid service account"),
        (sent(serviceConfig={"secretEnvironmentVariables": [{"key": "A"}]}), "must have projectId"),
        (sent(serviceConfig={"secretVolumes": [{"secret": "s", "projectId": "p"}]}), "must have mountPath"),
        (sent(eventTrigger={**EVENTS, "triggerRegion": "x/triggers?a=b"}), "Invalid region"),
        (sent(eventTrigger={"eventType": "a", "eventFilters": [{"attribute": "bucket"}]}), "an attribute and a value"),
        (sent(serviceConfig={"timeoutSeconds": 600}, eventTrigger=EVENTS), "540 at most"),
        (
            sent() | {"buildConfig": {**sent()["buildConfig"], "environmentVariables": {"A\nRUN": "x"}}},
            "name of a variable",
        ),
        (sent(labels={"Team": "x"}), "not valid"),
    ],
)
def test_what_no_function_may_be_is_refused(call: Sender, body: Any, message: str) -> None:
    assert message in call.refused("POST", f"{FUNCTIONS}?functionId=resize", body)
    assert call("GET", FUNCTIONS) == {}


@pytest.mark.parametrize("name", ["", "Resize", "re_size", "9", "a-"])
def test_a_wrong_name_is_refused(call: Sender, name: str) -> None:
    assert "function name" in call.refused("POST", f"{FUNCTIONS}?functionId={name}", sent())


def test_accounts_need_permission_to_act_as_them(call: Sender) -> None:
    call.grant("roles/cloudfunctions.developer", "user:dev@example.com")
    developer = call.as_("user:dev@example.com")
    message = developer.refused("POST", f"{FUNCTIONS}?functionId=resize", sent(), 403)
    assert f"'iam.serviceaccounts.actAs' on service account projects/{PROJECT}/serviceAccounts/{DEFAULT}" in message
    call.grant("roles/iam.serviceAccountUser", "user:dev@example.com")
    assert settled(developer, developer("POST", f"{FUNCTIONS}?functionId=resize", sent()))["done"]


def test_a_trigger_that_eventarc_refuses_is_refused_at_once(call: Sender) -> None:
    path = f"{FUNCTIONS}?functionId=resize"
    message = call.refused("POST", path, sent(eventTrigger=EVENTS), 403)
    assert message.startswith("Validation failed for trigger ")
    assert f'Permission "eventarc.events.receiveEvent" denied on "{DEFAULT}"' in message
    call.grant("roles/eventarc.eventReceiver", f"serviceAccount:{DEFAULT}")
    lost = {**EVENTS, "eventFilters": [{"attribute": "bucket", "value": "lost"}]}
    assert "could not be validated" in call.refused("POST", path, sent(eventTrigger=lost), 403)
    topic = {
        "eventType": "google.cloud.pubsub.topic.v1.messagePublished",
        "pubsubTopic": f"projects/{PROJECT}/topics/lost",
    }
    assert "Resource not found (resource=lost)" in call.refused("POST", path, sent(eventTrigger=topic), 404)
    assert call("GET", FUNCTIONS) == {}


def test_without_publishing_rights_of_storages_agent_the_operation_fails_and_the_function_says_why(
    call: Sender,
) -> None:
    call.grant("roles/eventarc.eventReceiver", f"serviceAccount:{DEFAULT}")
    assert "unable to publish to Cloud Pub/Sub topics" in failing(call, eventTrigger=EVENTS)
    found = call("GET", f"/cloudfunctions/v2/{NAME}")
    assert found["state"] == "FAILED"
    assert "unable to publish" in found["stateMessages"][0]["message"]
    assert call("GET", f"/eventarc/v1/{PLACE}/triggers") == {}


def link(whole: io.BytesIO) -> None:
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr("main.py", MAIN)
        info = zipfile.ZipInfo("key")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")


def bomb(whole: io.BytesIO) -> None:
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr("main.py", MAIN)
        archive.infolist()[0].file_size = 1 << 32


def many(whole: io.BytesIO) -> None:
    with zipfile.ZipFile(whole, "w") as archive:
        for index in range(10_001):
            archive.writestr(f"{index}", b"")


@pytest.mark.parametrize(
    ("archive", "message"),
    [
        (packed({"app.py": MAIN}), "missing main.py and GOOGLE_FUNCTION_SOURCE not specified"),
        (packed({"main.py": MAIN, "../evil.py": b""}), "leads outside"),
        (packed({"main.py": MAIN, "/etc/evil": b""}), "leads outside"),
        (b"not a zip", "no zip archive"),
        (b"", "no zip archive"),
        (link, "is a link"),
        (bomb, "when it is unpacked"),
        (many, "files"),
        (
            packed({"main.py": MAIN, **{f"{index}{'n' * 60_000}": b"" for index in range(80)}}),
            "names that are too long",
        ),
        (packed({"main.py": MAIN})[:-22] + b"PK\x06\x07" + bytes(16) + packed({"main.py": MAIN})[-22:], "too long"),
    ],
    ids=["no main.py", "parent", "absolute", "text", "empty", "link", "bomb", "many", "long names", "64 bits"],
)
def test_a_bad_archive_fails_the_operation(call: Sender, archive: Any, message: str) -> None:
    if callable(archive):
        archive(whole := io.BytesIO())
        archive = whole.getvalue()
    put(call, archive)
    assert message in failing(call)


def test_a_missing_source_fails_the_operation(call: Sender) -> None:
    source = {"storageSource": {"bucket": "code", "object": "none.zip"}}
    message = failing(call, buildConfig={"runtime": "python312", "source": source})
    assert message.startswith("Failed to retrieve function source code gs://code/none.zip")


def test_a_failed_change_leaves_the_function_as_it_was(call: Sender) -> None:
    before = deployed(call)
    put(call, b"broken")
    operation = call("PATCH", f"/cloudfunctions/v2/{NAME}?updateMask=buildConfig", sent())
    assert "no zip archive" in settled(call, operation)["error"]["message"]
    after = call("GET", f"/cloudfunctions/v2/{NAME}")
    assert after["state"] == "ACTIVE"
    assert after["buildConfig"] == before["buildConfig"]
    assert "no zip archive" in after["stateMessages"][0]["message"]


def test_the_generation_of_the_copy_is_not_asked_of_the_original(call: Sender) -> None:
    copy = deployed(call)["buildConfig"]["source"]["storageSource"]
    body = sent()
    body["buildConfig"]["source"]["storageSource"]["generation"] = copy["generation"]
    changed = settled(call, call("PATCH", f"/cloudfunctions/v2/{NAME}?updateMask=buildConfig", body))["response"]
    assert changed["buildConfig"]["source"]["storageSource"]["generation"] > copy["generation"]


def test_while_it_is_deployed_it_is_not_changed(call: Sender) -> None:
    operation = call("POST", f"{FUNCTIONS}?functionId=resize", sent())
    assert call("GET", f"/cloudfunctions/v2/{NAME}")["state"] == "DEPLOYING"
    assert call.refused("DELETE", f"/cloudfunctions/v2/{NAME}", None, 409) == "unable to queue the operation"
    assert "already exists" in call.refused("POST", f"{FUNCTIONS}?functionId=resize", sent(), 409)
    assert settled(call, operation)["done"]


def test_a_source_is_not_put_into_a_bucket_of_another_project(call: Sender) -> None:
    with call.cloud.store.transaction():
        other = {"projectId": "other", "projectNumber": "5", "state": "ACTIVE", "displayName": "other"}
        now = call.cloud.clock.rfc3339()
        call.cloud.store.put("cloudresourcemanager", "projects/other", other | {"createTime": now, "updateTime": now})
        owners = {"bindings": [{"role": "roles/owner", "members": [call.principal]}]}
        call.cloud.iam.write("cloudresourcemanager", "projects/other", owners)
    name = f"gcf-v2-sources-{NUMBER}-europe-west1"
    call("POST", "/storage/v1/b?project=other", {"name": name, "location": "europe-west1"})
    everybody = {"bindings": [{"role": "roles/storage.admin", "members": ["allUsers"]}]}
    call("PUT", f"/storage/v1/b/{name}/iam", everybody)
    assert "belongs to another project" in failing(call)


def test_a_service_of_somebody_else_is_not_taken_over(call: Sender) -> None:
    body = {"template": {"containers": [{"image": "docker.io/library/nginx:1"}]}}
    call("POST", f"/run/v2/{PLACE}/services?serviceId=resize", body)
    asyncio.run(call.cloud.jobs.settled())
    assert "A Cloud Run service with this name already exists" in failing(call)
    call("DELETE", f"/cloudfunctions/v2/{NAME}")
    assert call("GET", f"/run/v2/{PLACE}/services/resize")["name"]


def test_an_upload_url_takes_an_archive_without_a_token_for_half_an_hour(call: Sender) -> None:
    given = call("POST", f"{FUNCTIONS}:generateUploadUrl", {})
    path = given["uploadUrl"].removeprefix("http://127.0.0.1:1")
    late = call("POST", f"{FUNCTIONS}:generateUploadUrl", {})["uploadUrl"].removeprefix("http://127.0.0.1:1")
    call.send("PUT", path, {"content-type": "application/zip"}, packed({"main.py": MAIN}))
    body = sent()
    body["buildConfig"]["source"] = {"storageSource": given["storageSource"]}
    assert settled(call, call("POST", f"{FUNCTIONS}?functionId=resize", body))["response"]["state"] == "ACTIVE"
    call.later(seconds=1801)
    call.cloud.store.begin()
    call.cloud.due.run()
    call.cloud.store.commit()
    assert call.reply("PUT", late, {}, packed({"main.py": MAIN})).status == 499
    call.grant("roles/cloudfunctions.viewer", "user:viewer@example.com")
    call.as_("user:viewer@example.com").refused("POST", f"{FUNCTIONS}:generateUploadUrl", {}, 403)


def test_secrets_reach_its_service(call: Sender) -> None:
    secret = {"projectId": PROJECT, "secret": "key"}
    config = {
        "secretEnvironmentVariables": [{**secret, "key": "TOKEN", "version": "3"}],
        "secretVolumes": [{**secret, "mountPath": "/etc/keys"}],
        "ingressSettings": "ALLOW_INTERNAL_ONLY",
        "maxInstanceCount": 2,
    }
    call("POST", f"{FUNCTIONS}?functionId=resize", sent(serviceConfig=config))
    asyncio.run(call.cloud.jobs.settled())
    template = call("GET", f"/run/v2/{PLACE}/services/resize")["template"]
    container = template["containers"][0]
    reference = {"secretKeyRef": {"secret": f"projects/{PROJECT}/secrets/key", "version": "3"}}
    assert {"name": "TOKEN", "valueSource": reference} in container["env"]
    assert container["volumeMounts"] == [{"name": "secret-0", "mountPath": "/etc/keys"}]
    assert template["volumes"][0]["secret"]["items"] == [{"path": "key", "version": "latest"}]
    assert template["scaling"]["maxInstanceCount"] == 2


def test_runtimes_are_listed(call: Sender) -> None:
    listed = call("GET", f"/cloudfunctions/v2/{PLACE}/runtimes")["runtimes"]
    assert {"python312", "nodejs22"} <= {one["name"] for one in listed}
    assert next(one for one in listed if one["name"] == "python312")["displayName"] == "Python 3.12"


def test_a_dollar_in_a_variable_of_the_build_is_no_substitution_of_cloud_build() -> None:
    build = {"environmentVariables": {"PRICE": "$PROJECT_ID costs ${_X} $$"}}
    assert builds.arguments(build) == ["--build-arg=PRICE=$$PROJECT_ID costs $${_X} $$$$"]


def test_a_source_in_the_bucket_of_cloud_functions_itself_is_copied_with_its_generation(call: Sender) -> None:
    source = deployed(call)["buildConfig"]["source"]["storageSource"]
    body = sent()
    body["buildConfig"]["source"] = {"storageSource": {key: source[key] for key in ("bucket", "object")}}
    ended = settled(call, call("POST", f"{FUNCTIONS}?functionId=second", body))
    copied = ended["response"]["buildConfig"]["source"]["storageSource"]
    assert (copied["object"], copied["generation"].isdigit()) == ("second/function-source.zip", True)


def test_nothing_is_created_in_all_locations(call: Sender) -> None:
    everywhere = f"projects/{PROJECT}/locations/-"
    for path in ("cloudfunctions/v2/{}/functions?functionId=x", "eventarc/v1/{}/triggers?triggerId=x"):
        assert "'locations/-' (or it may not exist)" in call.refused("POST", f"/{path.format(everywhere)}", {}, 403)
    assert call("GET", f"/cloudfunctions/v2/{everywhere}/functions").get("functions", []) == []
