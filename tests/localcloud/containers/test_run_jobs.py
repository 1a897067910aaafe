"""Cloud Run jobs with real containers: tasks as their account, retries, timeouts, cancelling, and folders of buckets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.localcloud.containers.images import PYTHON
from tests.localcloud.inside import PROJECT
from tests.localcloud.serving import Serving, serving
from tests.polling import until

pytestmark = pytest.mark.slow
JOBS = f"run/v2/projects/{PROJECT}/locations/europe-west1/jobs"


@pytest.fixture(scope="module")
def cloud(python: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("state"), "run", "iam", "logging", "storage") as cloud:
        yield cloud
    assert not cloud.cloud.workloads.running()


def executed(cloud: Serving, name: str, script: str, job: Any = None, **task: Any) -> Any:
    """A job's finished execution."""
    container = {"image": PYTHON, "command": ["python", "-c"], "args": [script]}
    body = {"template": {**(job or {}), "template": {"containers": [container], **task}}}
    cloud("POST", JOBS, body, jobId=name)
    operation = cloud("POST", f"{JOBS}/{name}:run", {})
    cloud("POST", f"run/v2/{operation['name']}:wait", {"timeout": "60s"})
    return cloud("GET", f"run/v2/{operation['metadata']['name']}")


def test_a_job_runs_its_tasks_as_its_account_and_tells_each_which_it_is(cloud: Serving) -> None:
    script = (
        "import os, urllib.request as r; e = os.environ; assert e['CLOUD_RUN_TASK_COUNT'] == '3'; print(e['CLOUD_RUN_TASK_INDEX'],"
        " r.urlopen(r.Request('http://' + e['GCE_METADATA_HOST'] + '/computeMetadata/v1/instance/service-accounts/default/email',"
        " headers={'Metadata-Flavor': 'Google'})).read().decode())"
    )
    email = cloud.account("worker").partition(":")[2]
    execution = executed(cloud, "three", script, {"taskCount": 3, "parallelism": 2}, serviceAccount=email)
    assert execution["succeededCount"] == 3, execution
    assert execution["conditions"][0]["state"] == "CONDITION_SUCCEEDED"
    body = {"resourceNames": [f"projects/{PROJECT}"], "filter": 'resource.labels.job_name="three" AND logName:"stdout"'}
    found = cloud("POST", "logging/v2/entries:list", body)["entries"]
    assert sorted(one["textPayload"] for one in found) == [f"{index} {email}" for index in range(3)]
    assert {one["labels"]["run.googleapis.com/execution_name"] for one in found} == {
        execution["name"].rpartition("/")[2]
    }


def test_a_task_is_tried_again_until_it_succeeds_or_has_failed_often_enough(cloud: Serving) -> None:
    second = "import os; raise SystemExit(os.environ['CLOUD_RUN_TASK_ATTEMPT'] == '0')"
    execution = executed(cloud, "second", second, maxRetries=2)
    assert (execution["succeededCount"], execution["retriedCount"]) == (1, 1)
    execution = executed(cloud, "never", "raise SystemExit(5)", maxRetries=1)
    assert execution["failedCount"] == 1
    assert "exit(5)" in execution["conditions"][0]["message"]
    assert execution["conditions"][0]["executionReason"] == "NON_ZERO_EXIT_CODE"


def test_a_task_ends_at_its_timeout_and_a_cancelled_execution_leaves_no_container(cloud: Serving) -> None:
    sleep = "import time; print('up', flush=True); time.sleep(600)"
    execution = executed(
        cloud, "slow", f"import signal; signal.signal(15, lambda *_: exit(1)); {sleep}", timeout="1s", maxRetries=0
    )
    assert "maximum timeout" in execution["conditions"][0]["message"]
    container = {
        "image": PYTHON,
        "command": ["python", "-c"],
        "args": [f"import signal; signal.signal(15, lambda *_: exit(1)); {sleep}"],
    }
    cloud("POST", JOBS, {"template": {"template": {"containers": [container]}}}, jobId="long")
    operation = cloud("POST", f"{JOBS}/long:run", {})
    name = operation["metadata"]["name"]
    until(lambda: any(one.order.resource == name for one in cloud.cloud.workloads.running()))
    cloud("POST", f"run/v2/{name}:cancel", {})
    cloud("POST", f"run/v2/{operation['name']}:wait", {"timeout": "60s"})
    execution = cloud("GET", f"run/v2/{name}")
    assert execution["cancelledCount"] == 1
    assert execution["conditions"][0]["executionReason"] == "CANCELLED"
    assert not [one for one in cloud.cloud.workloads.running() if one.order.resource == name]


def test_a_bucket_is_a_folder_and_what_a_task_writes_is_in_it_afterwards(cloud: Serving) -> None:
    account = cloud.account("writer")
    cloud("POST", "storage/v1/b", {"name": "mounted-data"}, project=PROJECT)
    cloud("POST", "upload/storage/v1/b/mounted-data/o", b"rows", uploadType="media", name="in/rows.csv")
    script = "import pathlib as p; d = p.Path('/gcs/data'); (d / 'out.txt').write_text((d / 'in/rows.csv').read_text() + '!')"
    container = {
        "image": PYTHON,
        "command": ["python", "-c"],
        "args": [script],
        "volumeMounts": [{"name": "data", "mountPath": "/gcs/data"}],
    }
    volumes = [{"name": "data", "gcs": {"bucket": "mounted-data"}}]
    task = {"containers": [container], "volumes": volumes, "serviceAccount": account.partition(":")[2], "maxRetries": 0}
    cloud("POST", JOBS, {"template": {"template": task}}, jobId="mounting")
    operation = cloud("POST", f"{JOBS}/mounting:run", {})
    cloud("POST", f"run/v2/{operation['name']}:wait", {"timeout": "60s"})
    refused = cloud("GET", f"run/v2/{operation['metadata']['name']}")
    assert "cannot be mounted" in refused["conditions"][0]["message"]
    cloud.grant("roles/storage.objectUser", account)
    operation = cloud("POST", f"{JOBS}/mounting:run", {})
    cloud("POST", f"run/v2/{operation['name']}:wait", {"timeout": "60s"})
    execution = cloud("GET", f"run/v2/{operation['metadata']['name']}")
    assert execution["succeededCount"] == 1, execution["conditions"]
    names = [one["name"] for one in cloud("GET", "storage/v1/b/mounted-data/o")["items"]]
    assert names == ["in/rows.csv", "out.txt"]
