"""What costs money carries the environment's labels, so that the bill can be broken down."""

from collections.abc import Mapping

from policies.language import PASSES, Policy, Resource, Ruling, Settings, Severity, Unknown, Verdict, fails, unknown


def judge(resource: Resource, settings: Settings) -> Ruling:
    """In a plan, all labels of the environment must be there; in code, the resource must have labels at all."""
    if resource.source == "code":
        return fails("takes no labels") if resource.get("labels") is None else PASSES
    found = resource.get("effective_labels") or resource.get("labels")
    if isinstance(found, Unknown):
        return unknown("its labels")
    missing = sorted(settings.labels - set(found if isinstance(found, Mapping) else ()))
    return fails(f"lacks the label {', '.join(missing)}") if missing else PASSES


POLICY = Policy(
    title="Resources are labelled",
    severity=Severity.LOW,
    why="The billing export knows a team, an environment or a component only by its label; what has none belongs to nobody.",
    mend="Set `labels = var.labels` on the resource and keep `default_labels` on the provider.",
    resources=(
        "google_artifact_registry_repository",
        "google_bigquery_dataset",
        "google_cloud_run_v2_job",
        "google_cloud_run_v2_service",
        "google_cloudfunctions2_function",
        "google_compute_disk",
        "google_compute_instance",
        "google_pubsub_topic",
        "google_secret_manager_secret",
        "google_storage_bucket",
        "google_vertex_ai_dataset",
        "google_vertex_ai_endpoint",
        "google_vertex_ai_tensorboard",
        "google_workbench_instance",
    ),
    judge=judge,
    when_unknown=Verdict.PASS,
    unknown_because="labels that depend on another resource are still labels",
)
