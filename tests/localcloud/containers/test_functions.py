"""A function end to end: its source is built, its image serves, and an upload reaches it as an event with an identity."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from typing import Any

import pytest
from localcloud.engine import logs

from tests.localcloud.inside import NUMBER, PROJECT
from tests.localcloud.serving import Serving, serving

pytestmark = pytest.mark.slow
PLACE = f"projects/{PROJECT}/locations/europe-west1"
CONTAINER = f"projects/{PROJECT}"
BUILDER = f"serviceAccount:{NUMBER}-compute@developer.gserviceaccount.com"
MAIN = b"""import functions_framework


@functions_framework.cloud_event
def resize(event):
    print(f"{event['type']} {event['subject']} of {event.data['bucket']}, {event.data['size']} bytes", flush=True)
"""
APIS = ("artifactregistry", "cloudbuild", "cloudfunctions", "eventarc", "iam", "logging", "pubsub", "run", "storage")


@pytest.fixture(scope="module")
def cloud(python: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("state"), *APIS) as cloud:
        for bucket in ("code", "uploads"):
            cloud("POST", "storage/v1/b", {"name": bucket, "location": "europe-west1"}, project=PROJECT)
        caller = cloud.account("caller")
        cloud.grant("roles/cloudbuild.builds.builder", BUILDER)
        cloud.grant("roles/eventarc.eventReceiver", caller)
        cloud.grant("roles/run.invoker", caller)
        cloud.grant(
            "roles/pubsub.publisher", f"serviceAccount:service-{NUMBER}@gs-project-accounts.iam.gserviceaccount.com"
        )
        yield cloud


def uploaded(cloud: Serving, bucket: str, name: str, data: bytes) -> None:
    cloud("POST", f"upload/storage/v1/b/{bucket}/o", data, uploadType="media", name=name)


def deployed(cloud: Serving) -> dict[str, Any]:
    """The ended operation of a new function."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr("main.py", MAIN)
    uploaded(cloud, "code", "f.zip", whole.getvalue())
    source = {"storageSource": {"bucket": "code", "object": "f.zip"}}
    body = {
        "buildConfig": {"runtime": "python311", "entryPoint": "resize", "source": source},
        "eventTrigger": {
            "eventType": "google.cloud.storage.object.v1.finalized",
            "eventFilters": [{"attribute": "bucket", "value": "uploads"}],
            "serviceAccountEmail": f"caller@{PROJECT}.iam.gserviceaccount.com",
            "retryPolicy": "RETRY_POLICY_RETRY",
        },
    }
    operation = cloud("POST", f"cloudfunctions/v2/{PLACE}/functions", body, functionId="resize")
    cloud.settled()
    ended: dict[str, Any] = cloud("GET", f"cloudfunctions/v2/{operation['name']}")
    return ended


def printed(cloud: Serving) -> list[str]:
    """What the function printed of events, which the Functions Framework logs as JSON; read where the cloud's loop runs."""
    payloads = (entry.get("jsonPayload", {}) for _, entry in cloud.cloud.logs.read(CONTAINER))
    return [text for one in payloads if "object.v1." in (text := str(one.get("message", "")))]


def test_an_upload_runs_the_function_and_a_stranger_does_not(cloud: Serving) -> None:
    ended = deployed(cloud)
    if "No matching distribution" in ended.get("error", {}).get("message", ""):
        pytest.skip("no package registry is in reach of a build")
    assert "error" not in ended, ended
    function = ended["response"]
    assert function["state"] == "ACTIVE"
    assert "stateMessages" not in function
    assert function["buildConfig"]["build"].startswith(f"projects/{NUMBER}/locations/europe-west1/builds/")
    service = cloud("GET", f"run/v2/{PLACE}/services/resize")
    assert "gcf-artifacts" in service["template"]["containers"][0]["image"]
    address = service["annotations"]["local-cloud/address"].removeprefix("http://")
    with closing(HTTPConnection(address, timeout=60)) as connection:
        connection.request("POST", "/", b"{}")
        assert connection.getresponse().status == 403
    uploaded(cloud, "uploads", "cat.png", b"12345")
    cloud.until(lambda: bool(printed(cloud)), logs.topic(CONTAINER))
    expected = ["google.cloud.storage.object.v1.finalized objects/cat.png of uploads, 5 bytes"]
    assert cloud.write(lambda: printed(cloud)) == expected
