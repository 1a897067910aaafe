"""Every list call that can find something in a project, as data: what it lists, why that costs, and what usually makes it.

Paths, response keys and page tokens are those of Google's discovery documents; a test holds every row against them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Listing:
    """A list call: what it lists, its API and path, where a page keeps its items ("items/*/disks": in each value of a map).

    `name`, `born` and `labels` are fields of an item; a `name` with braces is put together from the item and the project.
    `{project}` in the path is the project, `{location}` each location of that API (`places`: where those are listed), and
    `{parent}` each item of the kind `of`. Rows stand in the order in which things can be deleted.
    `own`: names of what Google makes itself and bills nothing for. `platform`: the platform makes such things.
    `ends`: the field that says when it goes by itself, where nobody can delete it sooner.
    `from_start`: the API is enabled in every new project. `needs`: without this permission on the project the call leaves out
    what one may not see, and does not say so; all others refuse then.
    """

    kind: str
    api: str
    path: str
    key: str
    why: str
    made: str
    name: str = "name"
    born: str = "createTime"
    labels: str = "labels"
    params: Mapping[str, str] = field(default_factory=dict)
    of: str = ""
    places: str = ""
    regional: bool = False
    own: str = ""
    platform: bool = False
    from_start: bool = False
    needs: str = ""
    ends: str = ""

    @property
    def host(self) -> str:
        """The API by its host name, as Service Usage lists it."""
        return f"{self.api}.googleapis.com"

    @property
    def version(self) -> str:
        """The API's version, which every path begins with."""
        return self.path.partition("/")[0]


def _vertex(kind: str, key: str, why: str, made: str) -> Listing:
    path = f"v1/projects/{{project}}/locations/{{location}}/{key}"
    return Listing(f"Vertex {kind}", "aiplatform", path, key, why, made, regional=True)


def _compute(kind: str, key: str, why: str, made: str, *, everywhere: bool = True) -> Listing:
    path = f"v1/projects/{{project}}/aggregated/{key}" if everywhere else f"v1/projects/{{project}}/global/{key}"
    items = f"items/*/{key}" if everywhere else "items"
    return Listing(kind, "compute", path, items, why, made, "selfLink", "creationTimestamp")


_HERE = "v1/projects/{project}/locations/{location}"

LISTINGS = (
    # What runs.
    Listing("build trigger", "cloudbuild", f"{_HERE}/triggers", "triggers", "each build is billed by the minute",
            "Cloud Build console or `gcloud builds triggers create`", "resourceName", places="v2/projects/{project}/locations"),
    Listing("build trigger", "cloudbuild", "v1/projects/{project}/triggers", "triggers", "each build is billed by the minute",
            "Cloud Build console or `gcloud builds triggers create`", "resourceName"),
    Listing("scheduler job", "cloudscheduler", f"{_HERE}/jobs", "jobs", "$0.10 a month beyond three, and whatever it starts",
            "`gcloud scheduler jobs create`", born=""),
    Listing("function", "cloudfunctions", "v2/projects/{project}/locations/{location}/functions", "functions",
            "by call and second; each deployment leaves an image and sources", "`gcloud functions deploy`"),
    Listing("event trigger", "eventarc", f"{_HERE}/triggers", "triggers", "keeps a subscription and calls its target",
            "`gcloud eventarc triggers create` or a function with an event"),
    Listing("Run service", "run", "v2/projects/{project}/locations/{location}/services", "services",
            "by request; by the second if instances always run", "`gcloud run deploy`", places="v1/projects/{project}/locations"),
    Listing("Run job", "run", "v2/projects/{project}/locations/{location}/jobs", "jobs", "by the second while it runs",
            "`gcloud run jobs create`", places="v1/projects/{project}/locations"),
    Listing("Run worker pool", "run", "v2/projects/{project}/locations/{location}/workerPools", "workerPools",
            "by the second, always", "`gcloud run worker-pools deploy`", places="v1/projects/{project}/locations"),
    _vertex("custom job", "customJobs", "machines by the hour while it runs; a finished one only keeps its record",
            "`gcloud ai custom-jobs create`"),
    _vertex("tuning job", "hyperparameterTuningJobs", "machines by the hour while it runs", "`gcloud ai hp-tuning-jobs create`"),
    _vertex("training pipeline", "trainingPipelines", "machines by the hour while it runs", "Vertex AI console or SDK"),
    _vertex("pipeline run", "pipelineJobs", "$0.03 a run, and machines by the hour", "Vertex AI Pipelines"),
    _vertex("batch prediction", "batchPredictionJobs", "machines by the hour while it runs", "Vertex AI console or SDK"),
    _vertex("endpoint", "endpoints", "machines by the hour for each deployed model, day and night",
            "`gcloud ai endpoints create`"),
    _vertex("index endpoint", "indexEndpoints", "machines by the hour for each deployed index", "Vertex AI Vector Search"),
    _vertex("model", "models", "nothing itself; its artefacts lie in a bucket", "`gcloud ai models upload`"),
    _vertex("index", "indexes", "storage", "Vertex AI Vector Search"),
    _vertex("tensorboard", "tensorboards", "by GiB of logs and month", "`gcloud ai tensorboards create`"),
    _vertex("dataset", "datasets", "nothing itself; its data lies in a bucket", "Vertex AI console or SDK"),
    _vertex("notebook runtime", "notebookRuntimes", "machines by the hour while it runs", "Colab Enterprise"),
    Listing("Workbench instance", "notebooks", "v2/projects/{project}/locations/{location}/instances", "instances",
            "a machine by the hour, its disks also while it is stopped", "`gcloud workbench instances create`"),
    _compute("instance group", "instanceGroupManagers", "makes its machines again when they are deleted",
             "`gcloud compute instance-groups managed create`"),
    _compute("instance", "instances", "a machine by the second, its disks also while it is stopped",
             "`gcloud compute instances create`"),
    _compute("disk", "disks", "by GiB and month, whether attached or not", "`gcloud compute disks create`, or left by an instance"),
    _compute("address", "addresses", "by the hour, more while nothing uses it", "`gcloud compute addresses create`"),
    _compute("snapshot", "snapshots", "by GiB and month", "`gcloud compute snapshots create`", everywhere=False),
    _compute("image", "images", "by GiB and month", "`gcloud compute images create`", everywhere=False),
    # What watches and passes on.
    Listing("alert policy", "monitoring", "v3/projects/{project}/alertPolicies", "alertPolicies",
            "by condition and month", "Monitoring console or `gcloud monitoring policies create`",
            born="creationRecord/mutateTime", labels="userLabels", from_start=True),
    Listing("uptime check", "monitoring", "v3/projects/{project}/uptimeCheckConfigs", "uptimeCheckConfigs",
            "by execution beyond a million a month, and calls what it checks", "`gcloud monitoring uptime create`",
            born="", labels="userLabels", from_start=True),
    Listing("notification channel", "monitoring", "v3/projects/{project}/notificationChannels", "notificationChannels",
            "nothing; it sends mail to people", "Monitoring console", born="creationRecord/mutateTime",
            labels="userLabels", from_start=True),
    Listing("log sink", "logging", "v2/projects/{project}/sinks", "sinks", "fills its target, which is billed",
            "`gcloud logging sinks create`", "projects/{project}/sinks/{name}", own="_Default|_Required", from_start=True),
    Listing("subscription", "pubsub", "v1/projects/{project}/subscriptions", "subscriptions",
            "keeps messages, and delivers them, by the GiB", "`gcloud pubsub subscriptions create`", born=""),
    Listing("topic", "pubsub", "v1/projects/{project}/topics", "topics", "by GiB of messages",
            "`gcloud pubsub topics create`", born=""),
    Listing("BigQuery dataset", "bigquery", "v2/projects/{project}/datasets", "datasets", "tables by GiB and month",
            "`bq mk` or the billing export", "projects/{project}/datasets/{datasetReference.datasetId}", born="",
            from_start=True, needs="bigquery.datasets.get"),
    # What keeps.
    Listing("image repository", "artifactregistry", f"{_HERE}/repositories", "repositories",
            "images by GiB and month beyond 0.5 GiB", "`gcloud artifacts repositories create`", platform=True),
    Listing("secret", "secretmanager", "v1/projects/{project}/secrets", "secrets",
            "$0.06 a month for each active version beyond six", "`gcloud secrets create`", platform=True),
    Listing("bucket", "storage", "v1/b", "items", "objects by GiB and month, old versions and soft-deleted ones too",
            "`gcloud storage buckets create`", born="timeCreated", params={"project": "{project}"}, platform=True),
    # Source: https://cloud.google.com/storage/docs/soft-delete.
    Listing("soft-deleted bucket", "storage", "v1/b", "items", "objects by GiB and month until it goes",
            "whoever deleted a bucket that keeps what is deleted", "{name}#{generation}", born="softDeleteTime",
            params={"project": "{project}", "softDeleted": "true"}, platform=True, ends="hardDeleteTime"),
    # Who acts.
    Listing("HMAC key", "storage", "v1/projects/{project}/hmacKeys", "items",
            "nothing; it is a password, valid until somebody deletes it", "`gcloud storage hmac create`",
            "projects/{project}/hmacKeys/{accessId}", born="timeCreated", platform=True),
    Listing("service-account key", "iam", "v1/projects/{project}/serviceAccounts/{parent}/keys", "keys",
            "nothing; it is a password in a file, valid for years", "`gcloud iam service-accounts keys create`",
            born="validAfterTime", params={"keyTypes": "USER_MANAGED"}, of="service account", platform=True),
    Listing("identity provider", "iam", "v1/{parent}/providers", "workloadIdentityPoolProviders",
            "nothing; it lets outsiders log in", "`gcloud iam workload-identity-pools providers create-oidc`", born="",
            of="identity pool", platform=True),
    Listing("identity pool", "iam", "v1/projects/{project}/locations/global/workloadIdentityPools", "workloadIdentityPools",
            "nothing; it lets outsiders log in", "`gcloud iam workload-identity-pools create`", born="", platform=True),
    Listing("service account", "iam", "v1/projects/{project}/serviceAccounts", "accounts",
            "nothing; it keeps its roles", "`gcloud iam service-accounts create`", "email", born="", platform=True,
            own=r"\d+-compute@developer\.gserviceaccount\.com|[a-z0-9-]+@appspot\.gserviceaccount\.com"),
    Listing("custom role", "iam", "v1/projects/{project}/roles", "roles", "nothing", "`gcloud iam roles create`", born="",
            platform=True),
)  # fmt: skip

KINDS = tuple(dict.fromkeys(row.kind for row in LISTINGS))

# Names that Google's own tools give, and the tool; {project} is the project.
MAKERS = (
    ("bucket", r"{project}_cloudbuild", "`gcloud builds submit`, for the sources"),
    ("bucket", r"gcf-(v2-)?(sources|uploads)-.*", "`gcloud functions deploy`, for the sources"),
    ("bucket", r"run-sources-.*", "`gcloud run deploy --source`, for the sources"),
    ("bucket", r"cloud-ai-platform-.*", "Vertex AI, for staging"),
    ("bucket", r"(.+\.)?artifacts\.{project}\.appspot\.com", "Container Registry, which is no more, for its images"),
    ("bucket", r"(staging\.)?{project}\.appspot\.com", "App Engine"),
    ("bucket", r"dataflow-staging-.*", "Dataflow, for staging"),
    ("bucket", r".*[-_]tfstate|.*[-_]terraform[-_]state", "another Terraform, for its state"),
    ("image repository", r"gcf-artifacts", "`gcloud functions deploy`, for the images"),
    ("image repository", r"cloud-run-source-deploy", "`gcloud run deploy --source`, for the images"),
    ("image repository", r"(.+\.)?gcr\.io", "Artifact Registry in place of Container Registry"),
    ("topic", r"eventarc-.*", "Eventarc, for a trigger"),
    ("subscription", r"eventarc-.*", "Eventarc, for a trigger"),
    ("topic", r"container-analysis-.*", "Container Analysis"),
    ("service account", r"terraform.*", "somebody, for another Terraform"),
)


def maker(row: Listing, short: str, project: str) -> str:
    """What made a thing, and how that is known: by the thing's short name, or only by what usually makes its kind."""
    for kind, pattern, text in MAKERS:
        if kind == row.kind and re.fullmatch(pattern.replace("{project}", re.escape(project)), short):
            return f"{text}, as its name says"
    return f"usually {row.made}"
