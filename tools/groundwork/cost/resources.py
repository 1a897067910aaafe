"""Which resource types cost what: one line a type, and the types that are free with the reason why."""

from __future__ import annotations

from collections.abc import Mapping

from groundwork.cost import compute, storage
from groundwork.cost.needs import Planner

PRICED: Mapping[str, Planner] = {
    "google_artifact_registry_repository": storage.repository,
    "google_cloud_run_v2_job": compute.run_job,
    "google_cloud_run_v2_service": compute.run_service,
    "google_cloud_scheduler_job": compute.scheduled_job,
    "google_cloudbuild_trigger": compute.build_trigger,
    "google_compute_address": compute.address,
    "google_compute_disk": compute.disk,
    "google_compute_instance": compute.instance,
    "google_compute_router_nat": compute.nat,
    "google_secret_manager_secret": storage.secret,
    "google_storage_bucket": storage.bucket,
}

FREE: Mapping[str, str] = {
    "google_billing_budget": "budgets and their notices are free",
    "google_compute_firewall": "rules are free, traffic is not",
    "google_compute_network": "networks are free, traffic is not",
    "google_compute_router": "the router is free, its NAT gateway is not",
    "google_compute_subnetwork": "networks are free, traffic is not",
    "google_iam_workload_identity_pool": "identity federation is free",
    "google_iam_workload_identity_pool_provider": "identity federation is free",
    "google_project": "projects are free",
    "google_project_iam_custom_role": "access rules are free",
    "google_project_service": "an enabled API is free, its use is not",
    "google_secret_manager_secret_version": "counted with its secret",
    "google_service_account": "service accounts are free",
    "google_storage_bucket_object": "counted with its bucket",
}

_ACCESS = ("_iam_member", "_iam_binding", "_iam_policy", "_iam_audit_config")


def why_free(resource_type: str) -> str | None:
    """Why a type costs nothing, or None when that is not known."""
    if not resource_type.startswith("google_"):
        return "nothing of Google Cloud's"
    if resource_type.endswith(_ACCESS):
        return "access rules are free"
    return FREE.get(resource_type)
