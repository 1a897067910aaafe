"""Cloud Run's services: what is checked and completed, a revision for each change, traffic, and who may deploy what."""

import asyncio
import base64
from pathlib import Path
from typing import Any

import pytest

from tests.localcloud.services.requests_inside import NUMBER, OWNER, PROJECT, Sender, sender

PLACE = f"projects/{PROJECT}/locations/europe-west1"
SERVICES = f"/run/v2/{PLACE}/services"
IMAGE = "docker.io/library/api:1"
TEMPLATE = {"containers": [{"image": IMAGE}]}


def resources(cpu: str, memory: str, *, idle: bool = True) -> dict[str, Any]:
    requirements = {"limits": {"cpu": cpu, "memory": memory}, "cpuIdle": idle}
    return {"containers": [{"image": IMAGE, "resources": requirements}]}


def mounted(**more: str) -> dict[str, Any]:
    mount = {"name": "v", "mountPath": "/v", **more}
    return {
        "containers": [{"image": IMAGE, "volumeMounts": [mount]}],
        "volumes": [{"name": "v", "gcs": {"bucket": "models"}}],
    }


@pytest.fixture
def call(tmp_path: Path) -> Sender:
    return sender(tmp_path, "run", "secretmanager", "artifactregistry", "iam", "logging")


def settled(call: Sender) -> None:
    asyncio.run(call.cloud.jobs.settled())


def create(call: Sender, name: str = "api", **body: Any) -> Any:
    call("POST", f"{SERVICES}?serviceId={name}", {"template": TEMPLATE, **body})
    settled(call)
    return call("GET", f"{SERVICES}/{name}")


def test_a_service_has_googles_defaults_and_is_ready_when_its_revision_is(call: Sender) -> None:
    operation = call("POST", f"{SERVICES}?serviceId=api", {"template": TEMPLATE})
    assert operation["name"].startswith(f"{PLACE}/operations/")
    assert operation["metadata"]["@type"] == "type.googleapis.com/google.cloud.run.v2.Service"
    assert operation["metadata"]["reconciling"] is True
    settled(call)
    operation = call("GET", f"/run/v2/{operation['name']}")
    assert operation["response"]["@type"] == "type.googleapis.com/google.cloud.run.v2.Service"
    service = call("GET", f"{SERVICES}/api")
    container = service["template"]["containers"][0]
    assert container["ports"] == [{"name": "http1", "containerPort": 8080}]
    assert container["resources"] == {"limits": {"cpu": "1000m", "memory": "512Mi"}, "cpuIdle": True}
    assert container["startupProbe"] == {
        "timeoutSeconds": 240,
        "periodSeconds": 240,
        "failureThreshold": 1,
        "tcpSocket": {"port": 8080},
    }
    assert service["template"]["timeout"] == "300s"
    assert service["template"]["maxInstanceRequestConcurrency"] == 80
    assert service["template"]["serviceAccount"] == f"{NUMBER}-compute@developer.gserviceaccount.com"
    assert (service["ingress"], service["launchStage"], service["generation"]) == ("INGRESS_TRAFFIC_ALL", "GA", "1")
    assert service["terminalCondition"]["state"] == "CONDITION_SUCCEEDED"
    assert service["observedGeneration"] == "1"
    assert service["urls"] == [f"https://api-{NUMBER}.europe-west1.run.app", service["uri"]]
    assert service["uri"].endswith("-ew.a.run.app")
    assert service["trafficStatuses"] == [{"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", "percent": 100}]
    changed, name = (base64.urlsafe_b64decode(f"{part}==") for part in service["etag"].strip('"').split("/"))
    assert name.decode() == service["name"]
    assert (changed[:1], changed[6:7]) == (b"\x08", b"\x10")  # seconds and nanoseconds of a Timestamp
    assert service["latestReadyRevision"] == service["latestCreatedRevision"]
    revision = call("GET", f"/run/v2/{service['latestReadyRevision']}")
    assert revision["conditions"][0]["state"] == "CONDITION_SUCCEEDED"
    assert revision["annotations"]["local-cloud/runs-as"] == "simulated"
    assert (revision["service"], revision["containers"]) == ("api", service["template"]["containers"])
    assert revision["createTime"]
    assert revision["uid"]


def test_each_change_of_the_template_is_a_revision_and_traffic_alone_is_none(call: Sender) -> None:
    first = create(call)["latestReadyRevision"].rpartition("/")[2]
    changed = {"containers": [{"image": IMAGE, "env": [{"name": "A", "value": "b"}]}]}
    call("PATCH", f"{SERVICES}/api", {"template": changed})
    settled(call)
    service = call("GET", f"{SERVICES}/api")
    second = service["latestReadyRevision"].rpartition("/")[2]
    assert second.startswith("api-00002-")
    assert service["trafficStatuses"] == [{"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", "percent": 100}]
    rollback = [{"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION", "revision": first, "percent": 100}]
    rollback.append({"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", "tag": "next"})  # type: ignore[dict-item]
    call("PATCH", f"{SERVICES}/api?updateMask=traffic", {"traffic": rollback})
    settled(call)
    service = call("GET", f"{SERVICES}/api")
    assert [one.get("revision") for one in service["trafficStatuses"]] == [first, None]
    assert service["trafficStatuses"][1]["uri"] == service["uri"].replace("https://", "https://next---")
    assert len(call("GET", f"{SERVICES}/api/revisions")["revisions"]) == 2
    call("PATCH", f"{SERVICES}/api?updateMask=labels", {"labels": {"team": "a"}})
    settled(call)
    assert len(call("GET", f"{SERVICES}/api/revisions")["revisions"]) == 2
    call("PATCH", f"{SERVICES}/api?forceNewRevision=true&updateMask=labels", {"labels": {"team": "b"}})
    settled(call)
    assert len(call("GET", f"{SERVICES}/api/revisions")["revisions"]) == 3


@pytest.mark.parametrize(
    ("sent", "idle"),
    [({}, True), ({"limits": {"memory": "1Gi"}}, False), ({"limits": {"memory": "1Gi"}, "cpuIdle": True}, True)],
)
def test_cpu_is_throttled_unless_resources_leave_it_out(call: Sender, sent: dict[str, Any], idle: bool) -> None:
    body = create(call, template={"containers": [{"image": IMAGE, "resources": sent}]})
    assert body["template"]["containers"][0]["resources"]["cpuIdle"] is idle


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ({}, "template"),
        ({"containers": [{"image": ""}]}, "image is required"),
        (
            {"containers": [{"image": IMAGE, "env": [{"name": "PORT", "value": "1"}]}]},
            "reserved env names were provided: PORT",
        ),
        ({"containers": [{"image": IMAGE, "env": [{"name": "A"}, {"name": "A"}]}]}, "set twice"),
        ({"containers": [{"image": IMAGE, "resources": {"limits": {"cpu": "3"}}}]}, "Invalid value specified for cpu"),
        (
            {"containers": [{"image": IMAGE, "resources": {"limits": {"memory": "64Mi"}}}]},
            "between 128Mi and 4Gi inclusive",
        ),
        (
            {"containers": [{"image": IMAGE, "resources": {"limits": {"cpu": "4"}}}]},
            "For 4 CPU, memory must be between 2Gi and 16Gi",
        ),
        (resources(cpu="1", memory="8Gi"), "For 1 CPU, memory must be between 128Mi and 4Gi inclusive."),
        (resources(cpu="0.4", memory="1Gi"), "For 0.4 CPU, memory must be between 128Mi and 512Mi inclusive."),
        (
            resources(cpu="500m", memory="512Mi") | {"maxInstanceRequestConcurrency": 2},
            "Total cpu < 1 is not supported with concurrency > 1.",
        ),
        (
            resources(cpu="500m", memory="512Mi", idle=False),
            "Total cpu < 1 is not supported with cpu always allocated.",
        ),
        (
            resources(cpu="1", memory="128Mi") | {"executionEnvironment": "EXECUTION_ENVIRONMENT_GEN2"},
            "Total memory < 512 Mi is not supported with gen2",
        ),
        ({"containers": [{"image": IMAGE, "ports": [{"containerPort": 70000}]}]}, "between 1 and 65535"),
        ({"containers": [{"image": IMAGE, "ports": [{"name": "grpc"}]}]}, "'http1' or 'h2c'"),
        (
            {"containers": [{"image": IMAGE, "volumeMounts": [{"name": "v", "mountPath": "/v"}]}]},
            "names the volume 'v'",
        ),
        ({"containers": [{"image": IMAGE}, {"image": IMAGE}]}, "needs a unique name"),
        ({"containers": [{"image": IMAGE, "name": "a"}, {"image": IMAGE, "name": "b"}]}, "exactly one container"),
        ({**TEMPLATE, "timeout": "3601s"}, "at least one second, and at most one hour"),
        ({**TEMPLATE, "timeout": "soon"}, "timeout"),
        ({**TEMPLATE, "maxInstanceRequestConcurrency": 1001}, "Must be a number between 0 and 1000"),
        (
            {**TEMPLATE, "scaling": {"minInstanceCount": 3, "maxInstanceCount": 2}},
            "must be greater than or equal to min_instance_count",
        ),
        ({**TEMPLATE, "volumes": [{"name": "v"}]}, "must have one source"),
        ({**TEMPLATE, "revision": "other-1"}, "must begin with api-"),
        ({"containers": [{"image": "--privileged"}]}, "is not a valid image name"),
        (
            {"containers": [{"image": IMAGE, "startupProbe": {"httpGet": {"path": "x"}}}]},
            "path must begin with a slash",
        ),
        ({"containers": [{"image": IMAGE, "resources": {"limits": {"memory": "9" * 400}}}]}, "between 128Mi and 4Gi"),
        ({"containers": [{"image": IMAGE, "env": [{"name": "A\nHOME"}]}]}, "is not a valid variable name"),
        ({**TEMPLATE, "volumes": [{"name": "/etc/cron.d", "emptyDir": {}}]}, "has up to 63 of the characters"),
        ({**TEMPLATE, "volumes": [{"name": "v", "emptyDir": {}}] * 2}, "volume names must be unique"),
        ({**TEMPLATE, "volumes": [{"name": "v", "gcs": {"bucket": "../../v"}}]}, "name of a bucket"),
        ({**TEMPLATE, "volumes": [{"name": "v", "secret": {"secret": "s", "items": [{"path": "../x"}]}}]}, "relative"),
        ({**TEMPLATE, "volumes": [{"name": "v", "secret": {"secret": "s", "defaultMode": 0o4777}}]}, "0 and 0777"),
        (mounted(subPath="/etc"), "relative path in the volume"),
        (mounted(subPath="a/../../../etc"), "relative path in the volume"),
        (mounted(mountPath="/v:suid"), "absolute path without"),
    ],
)
def test_what_google_refuses_is_refused(call: Sender, template: Any, message: str) -> None:
    assert message in call.refused("POST", f"{SERVICES}?serviceId=api", {"template": template})


@pytest.mark.parametrize(
    ("traffic", "message"),
    [
        ([{"percent": 50}], "sum to 50"),
        ([{"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION", "revision": "api-9", "percent": 100}], "does not exist"),
        ([{"percent": 100, "tag": "A"}], "must begin with a letter"),
        ([{"percent": 100, "tag": "a"}, {"percent": 0, "tag": "a"}], "may be used only once"),
    ],
)
def test_meaningless_traffic_is_refused(call: Sender, traffic: Any, message: str) -> None:
    create(call)
    assert message in call.refused("PATCH", f"{SERVICES}/api?updateMask=traffic", {"traffic": traffic})


def test_a_part_of_a_volume_is_mounted_where_no_other_container_can_put_a_link_in_its_place(call: Sender) -> None:
    template = mounted(subPath="a/b")
    call("POST", f"{SERVICES}?serviceId=alone", {"template": template})
    main, volumes = template["containers"][0], template["volumes"]
    both = [{**main, "name": "main", "ports": [{"containerPort": 8080}]}, {**main, "name": "beside"}]
    message = call.refused("POST", f"{SERVICES}?serviceId=two", {"template": {**template, "containers": both}}, 501)
    assert "only where nothing else can write to that volume" in message
    volumes[0]["gcs"]["readOnly"] = True
    call("POST", f"{SERVICES}?serviceId=two", {"template": {**template, "containers": both}})
    settled(call)


def test_names_are_checked_and_unique(call: Sender) -> None:
    for name in ("Api", "1api", "api-", "a" * 50):
        assert "must use only lowercase" in call.refused("POST", f"{SERVICES}?serviceId={name}", {"template": TEMPLATE})
    create(call)
    assert "already exists" in call.refused("POST", f"{SERVICES}?serviceId=api", {"template": TEMPLATE}, 409)
    assert "does not exist" in call.refused("PATCH", f"{SERVICES}/none", {"template": TEMPLATE}, 404)
    call("DELETE", f"{SERVICES}/api")
    assert call("GET", SERVICES) == {}
    settled(call)


def test_a_service_runs_as_an_account_that_exists_and_that_the_deployer_may_act_as(call: Sender) -> None:
    email = f"serving@{PROJECT}.iam.gserviceaccount.com"
    template = {**TEMPLATE, "serviceAccount": email}
    assert "does not exist" in call.refused("POST", f"{SERVICES}?serviceId=api", {"template": template}, 404)
    call("POST", f"/iam/v1/projects/{PROJECT}/serviceAccounts", {"accountId": "serving"})
    call.grant("roles/run.developer", "user:dev@example.com")
    dev = call.as_("user:dev@example.com")
    # A template without an account gets Compute's default account, which may have many permissions.
    for used in (template, TEMPLATE):
        message = dev.refused("POST", f"{SERVICES}?serviceId=api", {"template": used}, 403)
        assert "iam.serviceaccounts.actAs" in message
    call.grant("roles/iam.serviceAccountUser", "user:dev@example.com")
    dev("POST", f"{SERVICES}?serviceId=api", {"template": template})
    settled(call)


def test_only_who_may_change_a_services_policy_opens_it_to_everybody(call: Sender) -> None:
    for role in ("roles/run.developer", "roles/iam.serviceAccountUser"):
        call.grant(role, "user:dev@example.com")
    dev = call.as_("user:dev@example.com")
    opened = {"template": TEMPLATE, "invokerIamDisabled": True}
    assert "run.services.setIamPolicy" in dev.refused("POST", f"{SERVICES}?serviceId=api", opened, 403)
    dev("POST", f"{SERVICES}?serviceId=api", {"template": TEMPLATE})
    assert "run.services.setIamPolicy" in dev.refused("PATCH", f"{SERVICES}/api", opened, 403)
    call("PATCH", f"{SERVICES}/api", opened)
    settled(call)
    dev("PATCH", f"{SERVICES}/api?updateMask=labels", {"labels": {"a": "b"}})
    settled(call)
    assert "run.services.setIamPolicy" in dev.refused("PATCH", f"{SERVICES}/api", {"template": TEMPLATE}, 403)


@pytest.mark.parametrize("kind", ["services", "jobs"])
def test_only_who_may_create_creates_by_a_patch(call: Sender, kind: str) -> None:
    role = f"projects/{PROJECT}/roles/updater"
    call.cloud.store.put(
        "iam", role, {"name": role, "includedPermissions": [f"run.{kind}.update", "iam.serviceAccounts.actAs"]}
    )
    call.grant(role, "user:dev@example.com")
    path = f"{SERVICES.replace('services', kind)}/new?allowMissing=true"
    template = TEMPLATE if kind == "services" else {"template": TEMPLATE}
    message = call.as_("user:dev@example.com").refused("PATCH", path, {"template": template}, 403)
    assert f"run.{kind}.create" in message


def test_an_image_must_be_readable_by_the_deployer_and_by_cloud_runs_agent(call: Sender) -> None:
    image = f"europe-west1-docker.pkg.dev/{PROJECT}/images/api:1"
    template = {"containers": [{"image": image}]}
    call.grant("roles/run.developer", "user:dev@example.com")
    call.grant("roles/iam.serviceAccountUser", "user:dev@example.com")
    dev = call.as_("user:dev@example.com")
    message = dev.refused("POST", f"{SERVICES}?serviceId=api", {"template": template}, 403)
    assert "artifactregistry.repositories.downloadArtifacts" in message
    call("POST", f"{SERVICES}?serviceId=api", {"template": template})
    settled(call)
    foreign = {"containers": [{"image": image.replace(PROJECT, "other-team")}]}
    call.cloud.iam.write(
        "artifactregistry",
        "projects/other-team/locations/europe-west1/repositories/images",
        {"bindings": [{"role": "roles/artifactregistry.reader", "members": [OWNER]}]},
    )
    message = call.refused("POST", f"{SERVICES}?serviceId=two", {"template": foreign}, 403)
    assert (
        f"service-{NUMBER}@serverless-robot-prod.iam.gserviceaccount.com must have permission to read the image"
        in message
    )


def test_a_secret_without_access_fails_the_revision_and_names_the_missing_permission(call: Sender) -> None:
    secrets = f"/secretmanager/v1/projects/{PROJECT}/secrets"
    call("POST", f"{secrets}?secretId=key", {"replication": {"automatic": {}}})
    call("POST", f"{secrets}/key:addVersion", {"payload": {"data": "eA=="}})
    source = {"secretKeyRef": {"secret": "key", "version": "latest"}}
    template = {"containers": [{"image": IMAGE, "env": [{"name": "KEY", "valueSource": source}]}]}
    operation = call("POST", f"{SERVICES}?serviceId=api", {"template": template})
    settled(call)
    message = call("GET", f"/run/v2/{operation['name']}")["error"]["message"]
    assert "Permission denied on secret" in message
    assert "roles/secretmanager.secretAccessor" in message
    service = call("GET", f"{SERVICES}/api")
    assert service["terminalCondition"]["state"] == "CONDITION_FAILED"
    assert "latestReadyRevision" not in service
    call.grant("roles/secretmanager.secretAccessor", f"serviceAccount:{NUMBER}-compute@developer.gserviceaccount.com")
    call("PATCH", f"{SERVICES}/api?forceNewRevision=true&updateMask=labels", {"labels": {"again": "yes"}})
    settled(call)
    assert call("GET", f"{SERVICES}/api")["terminalCondition"]["state"] == "CONDITION_SUCCEEDED"


def test_a_revision_that_serves_stays_and_an_older_one_may_go(call: Sender) -> None:
    first = create(call)["latestReadyRevision"]
    assert "serves traffic" in call.refused("DELETE", f"/run/v2/{first}")
    call("PATCH", f"{SERVICES}/api?forceNewRevision=true&updateMask=labels", {"labels": {"again": "yes"}})
    settled(call)
    call("DELETE", f"/run/v2/{first}")
    settled(call)
    assert len(call("GET", f"{SERVICES}/api/revisions")["revisions"]) == 1


def test_an_old_etag_is_refused_and_validate_only_stores_nothing(call: Sender) -> None:
    etag = create(call)["etag"]
    call("PATCH", f"{SERVICES}/api?updateMask=labels", {"labels": {"a": "b"}, "etag": etag})
    settled(call)
    message = call.refused("PATCH", f"{SERVICES}/api?updateMask=labels", {"labels": {"a": "c"}, "etag": etag}, 409)
    assert "read the resource again" in message
    call("POST", f"{SERVICES}?serviceId=two&validateOnly=true", {"template": TEMPLATE})
    assert [one["name"].rpartition("/")[2] for one in call("GET", SERVICES)["services"]] == ["api"]


def test_the_services_policy_decides_who_may_call(call: Sender) -> None:
    create(call)
    policy = {"bindings": [{"role": "roles/run.invoker", "members": ["allUsers"]}]}
    call("POST", f"{SERVICES}/api:setIamPolicy", {"policy": policy})
    assert call("GET", f"{SERVICES}/api:getIamPolicy")["bindings"] == policy["bindings"]
    call.grant("roles/run.developer", "user:dev@example.com")
    dev = call.as_("user:dev@example.com")
    message = dev.refused("POST", f"{SERVICES}/api:setIamPolicy", {"policy": policy}, 403)
    assert "run.services.setIamPolicy" in message


JOBS = f"/run/v2/{PLACE}/jobs"


def job(call: Sender, name: str = "train", **task: Any) -> Any:
    call("POST", f"{JOBS}?jobId={name}", {"template": {"template": {**TEMPLATE, **task}}})
    return call("GET", f"{JOBS}/{name}")


def test_a_job_has_googles_defaults_and_what_it_refuses_is_refused(call: Sender) -> None:
    found = job(call)
    assert found["terminalCondition"]["state"] == "CONDITION_SUCCEEDED"
    assert found["template"]["taskCount"] == 1
    assert (found["template"]["template"]["maxRetries"], found["template"]["template"]["timeout"]) == (3, "600s")
    assert "already exists" in call.refused("POST", f"{JOBS}?jobId=train", {"template": {"template": TEMPLATE}}, 409)
    reserved = {"containers": [{"image": IMAGE, "env": [{"name": "CLOUD_RUN_JOB", "value": "x"}]}]}
    for body, message in (
        ({}, "template.template"),
        ({"template": {"template": {**TEMPLATE, "maxRetries": 11}}}, "between 0 and 10"),
        ({"template": {"taskCount": 2, "parallelism": 3, "template": TEMPLATE}}, "between 0 and task_count"),
        ({"template": {"template": reserved}}, "reserved env names"),
        ({"template": {"template": resources("500m", "512Mi")}}, "not supported on resources of kind Execution"),
        ({"template": {"template": resources("1", "256Mi")}}, "Total memory < 512 Mi is not supported"),
    ):
        assert message in call.refused("POST", f"{JOBS}?jobId=other", body)


def test_an_execution_that_nothing_can_run_fails_and_says_that_it_is_simulated(call: Sender) -> None:
    job(call, maxRetries=0)
    operation = call("POST", f"{JOBS}/train:run", {})
    assert operation["metadata"]["@type"] == "type.googleapis.com/google.cloud.run.v2.Execution"
    settled(call)
    execution = call("GET", f"{JOBS}/train/executions")["executions"][0]
    assert execution["failedCount"] == 1
    completed = execution["conditions"][0]
    assert (completed["type"], completed["state"]) == ("Completed", "CONDITION_FAILED")
    assert "is not serving yet" in completed["message"] or "simulated" in completed["message"]
    assert "error" in call("GET", f"/run/v2/{operation['name']}")
    found = call("GET", f"{JOBS}/train")
    assert (found["executionCount"], found["latestCreatedExecution"]["completionStatus"]) == (1, "EXECUTION_FAILED")
    tasks = call("GET", f"/run/v2/{execution['name']}/tasks")["tasks"]
    assert [one["conditions"][0]["state"] for one in tasks] == ["CONDITION_FAILED"]


def test_an_execution_that_never_began_has_failed_tasks_and_counts_them(call: Sender) -> None:
    source = {"secretKeyRef": {"secret": "key", "version": "latest"}}
    job(call, containers=[{"image": IMAGE, "env": [{"name": "KEY", "valueSource": source}]}])
    call("POST", f"{JOBS}/train:run", {"overrides": {"taskCount": 2}})
    settled(call)
    (execution,) = call("GET", f"{JOBS}/train/executions")["executions"]
    assert (execution["taskCount"], execution["failedCount"], execution["reconciling"]) == (2, 2, False)
    tasks = call("GET", f"/run/v2/{execution['name']}/tasks")["tasks"]
    assert [(one["reconciling"], one["conditions"][0]["state"]) for one in tasks] == [(False, "CONDITION_FAILED")] * 2
    assert all(one["completionTime"] and one["conditions"][0]["message"] for one in tasks)


def test_overrides_of_an_execution_need_a_permission_of_their_own(call: Sender) -> None:
    job(call)
    member = "user:runner@example.com"
    call.grant("roles/run.jobsExecutor", member)
    body = {"overrides": {"taskCount": 2}}
    assert "run.jobs.runWithOverrides" in call.as_(member).refused("POST", f"{JOBS}/train:run", body, 403)
    call.grant("roles/run.jobsExecutorWithOverrides", member)
    args = [{"args": ["--fast"], "env": [{"name": "A", "value": "b"}]}]
    operation = call.as_(member)(
        "POST", f"{JOBS}/train:run", {"overrides": {"taskCount": 2, "containerOverrides": args}}
    )
    execution = operation["metadata"]
    assert execution["taskCount"] == 2
    assert execution["template"]["containers"][0]["args"] == ["--fast"]
    assert execution["template"]["containers"][0]["env"] == [{"name": "A", "value": "b"}]
    settled(call)
    assert "containers" in call("GET", f"{JOBS}/train")["template"]["template"]
    assert "args" not in call("GET", f"{JOBS}/train")["template"]["template"]["containers"][0]
