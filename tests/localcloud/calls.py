"""One documented call to each service, as every client can make it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache, reduce
from typing import Any

import httplib2
from googleapiclient.discovery import build

from tests.localcloud.inside import PROJECT

PARENT = f"projects/{PROJECT}"
PLACE = f"{PARENT}/locations/europe-west1"
RUNNER = f"runner@{PROJECT}.iam.gserviceaccount.com"
BILLING = "billingAccounts/012345-6789AB-CDEF01"


@dataclass(frozen=True)
class Example:
    """A method with its parameters, and how Google's other clients call it.

    region    of a host by which it can be called as well
    library   package, client and function of Google's library, which calls it over gRPC with `request`; None where none is installed
    gcloud    the arguments of a command that calls it; () for none
    """

    method: str
    version: str
    params: Mapping[str, Any]
    body: Mapping[str, Any] = field(default_factory=dict)
    region: str = ""
    library: tuple[str, str, str] | None = None
    request: Mapping[str, Any] = field(default_factory=dict)
    gcloud: tuple[str, ...] = ()

    @property
    def api(self) -> str:
        """The API that it calls."""
        return self.method.partition(".")[0]

    def prepared(self) -> Any:
        """The request as googleapiclient makes it."""
        *collections, verb = self.method.split(".")[1:]
        resource = reduce(lambda one, name: getattr(one, name)(), collections, _built(self.api, self.version))
        return getattr(resource, verb)(**self.params, **({"body": dict(self.body)} if self.body else {}))


@lru_cache
def _built(api: str, version: str) -> Any:
    return build(api, version, http=httplib2.Http(), static_discovery=True)


EXAMPLES = (
    Example(
        "aiplatform.projects.locations.endpoints.list",
        "v1",
        {"parent": PLACE},
        region="europe-west1",
        library=("google.cloud.aiplatform_v1", "EndpointServiceClient", "list_endpoints"),
        request={"parent": PLACE},
        gcloud=("ai", "endpoints", "list", "--region=europe-west1"),
    ),
    Example(
        "artifactregistry.projects.locations.repositories.list",
        "v1",
        {"parent": PLACE},
        library=("google.cloud.artifactregistry_v1", "ArtifactRegistryClient", "list_repositories"),
        request={"parent": PLACE},
        gcloud=("artifacts", "repositories", "list", "--location=europe-west1"),
    ),
    Example(
        "billingbudgets.billingAccounts.budgets.list",
        "v1",
        {"parent": BILLING},
        gcloud=("billing", "budgets", "list", f"--billing-account={BILLING.rpartition('/')[2]}"),
    ),
    Example(
        "cloudbilling.projects.getBillingInfo",
        "v1",
        {"name": PARENT},
        gcloud=("billing", "projects", "describe", PROJECT),
    ),
    Example(
        "cloudbuild.projects.locations.triggers.list",
        "v1",
        {"parent": PLACE},
        library=("google.cloud.devtools.cloudbuild_v1", "CloudBuildClient", "list_build_triggers"),
        request={"parent": PLACE},
        gcloud=("builds", "triggers", "list", "--region=europe-west1"),
    ),
    Example(
        "cloudfunctions.projects.locations.functions.list",
        "v2",
        {"parent": PLACE},
        library=("google.cloud.functions_v2", "FunctionServiceClient", "list_functions"),
        request={"parent": PLACE},
        gcloud=("functions", "list", "--regions=europe-west1", "--v2"),
    ),
    Example(
        "cloudresourcemanager.projects.get",
        "v3",
        {"name": PARENT},
        library=("google.cloud.resourcemanager_v3", "ProjectsClient", "get_project"),
        request={"name": PARENT},
    ),
    Example(
        "cloudscheduler.projects.locations.jobs.list",
        "v1",
        {"parent": PLACE},
        library=("google.cloud.scheduler_v1", "CloudSchedulerClient", "list_jobs"),
        request={"parent": PLACE},
        gcloud=("scheduler", "jobs", "list", "--location=europe-west1"),
    ),
    Example(
        "compute.disks.list",
        "v1",
        {"project": PROJECT, "zone": "europe-west1-b"},
        gcloud=("compute", "disks", "list", "--zones=europe-west1-b"),
    ),
    Example(
        "eventarc.projects.locations.triggers.list",
        "v1",
        {"parent": PLACE},
        library=("google.cloud.eventarc_v1", "EventarcClient", "list_triggers"),
        request={"parent": PLACE},
        gcloud=("eventarc", "triggers", "list", "--location=europe-west1"),
    ),
    Example("iam.projects.serviceAccounts.list", "v1", {"name": PARENT}, gcloud=("iam", "service-accounts", "list")),
    Example(
        "iamcredentials.projects.serviceAccounts.generateAccessToken",
        "v1",
        {"name": f"projects/-/serviceAccounts/{RUNNER}"},
        body={"scope": ["https://www.googleapis.com/auth/cloud-platform"]},
        gcloud=("auth", "print-access-token", f"--impersonate-service-account={RUNNER}"),
    ),
    Example(
        "logging.projects.sinks.list",
        "v2",
        {"parent": PARENT},
        library=("google.cloud.logging_v2.services.config_service_v2", "ConfigServiceV2Client", "list_sinks"),
        request={"parent": PARENT},
        gcloud=("logging", "sinks", "list"),
    ),
    Example(
        "monitoring.projects.uptimeCheckConfigs.list",
        "v3",
        {"parent": PARENT},
        library=("google.cloud.monitoring_v3", "UptimeCheckServiceClient", "list_uptime_check_configs"),
        request={"parent": PARENT},
        gcloud=("monitoring", "uptime", "list-configs"),
    ),
    Example(
        "pubsub.projects.topics.list",
        "v1",
        {"project": PARENT},
        library=("google.pubsub_v1", "PublisherClient", "list_topics"),
        request={"project": PARENT},
        gcloud=("pubsub", "topics", "list"),
    ),
    Example(
        "run.projects.locations.services.list",
        "v2",
        {"parent": PLACE},
        library=("google.cloud.run_v2", "ServicesClient", "list_services"),
        request={"parent": PLACE},
    ),
    Example(
        "run.namespaces.services.list",
        "v1",
        {"parent": f"namespaces/{PROJECT}"},
        region="europe-west1",
        gcloud=("run", "services", "list", "--region=europe-west1"),
    ),
    Example(
        "secretmanager.projects.secrets.list",
        "v1",
        {"parent": PARENT},
        library=("google.cloud.secretmanager_v1", "SecretManagerServiceClient", "list_secrets"),
        request={"parent": PARENT},
        gcloud=("secrets", "list"),
    ),
    Example(
        "serviceusage.services.list",
        "v1",
        {"parent": PARENT, "filter": "state:ENABLED"},
        library=("google.cloud.service_usage_v1", "ServiceUsageClient", "list_services"),
        request={"parent": PARENT, "filter": "state:ENABLED"},
        gcloud=("services", "list", "--enabled"),
    ),
    Example(
        "storage.buckets.list",
        "v1",
        {"project": PROJECT},
        gcloud=("storage", "buckets", "list"),
    ),
)
LEFT_OUT = {
    "oauth2": "its pages are none of an API's methods",
    "sts": "it is asked without a principal, for a token",
}
