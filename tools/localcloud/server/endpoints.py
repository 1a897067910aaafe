"""Environment variables that point Terraform, gcloud and the Python clients at the local cloud."""

from __future__ import annotations

# GOOGLE_<key>_CUSTOM_ENDPOINT of hashicorp/google 7.45.0 -> path below the base.
# Source: https://registry.terraform.io/providers/hashicorp/google/latest/docs/guides/provider_reference.
TERRAFORM = {
    "APIKEYS": "apikeys/v2/",
    "ARTIFACT_REGISTRY": "artifactregistry/v1/",
    "BIGQUERY_CONNECTION": "bigqueryconnection/v1/",
    "BIG_QUERY": "bigquery/v2/",
    "BILLING_BUDGETS": "billingbudgets/v1/",
    "CLOUDBUILDV2": "cloudbuild/v2/",
    "CLOUDFUNCTIONS2": "cloudfunctions/v2/",
    "CLOUD_ASSET": "cloudasset/v1/",
    "CLOUD_BILLING": "cloudbilling/v1/",
    "CLOUD_BUILD": "cloudbuild/v1/",
    "CLOUD_FUNCTIONS": "cloudfunctions/v1/",
    "CLOUD_QUOTAS": "cloudquotas/v1/",
    "CLOUD_RUN": "run/",
    "CLOUD_RUN_V2": "run/v2/",
    "CLOUD_SCHEDULER": "cloudscheduler/v1/",
    "CLOUD_TASKS": "cloudtasks/v2/",
    "COMPUTE": "compute/v1/",
    "CONTAINER": "container/v1/",
    "DNS": "dns/v1/",
    "ESSENTIAL_CONTACTS": "essentialcontacts/v1/",
    "EVENTARC": "eventarc/v1/",
    "FIRESTORE": "firestore/v1/",
    "IAM2": "iam/v2/",
    "IAM3": "iam/v3/",
    "IAM_BETA": "iam/v1/",
    "IAM_CREDENTIALS": "iamcredentials/v1/",
    "IAM_WORKFORCE_POOL": "iam/v1/",
    "KMS": "cloudkms/v1/",
    "LOGGING": "logging/v2/",
    "MONITORING": "monitoring/",
    "NOTEBOOKS": "notebooks/v1/",
    "ORG_POLICY": "orgpolicy/v2/",
    "PUBSUB": "pubsub/v1/",
    "RESOURCE_MANAGER": "cloudresourcemanager/v1/",
    "RESOURCE_MANAGER_V3": "cloudresourcemanager/v3/",
    "SECRET_MANAGER": "secretmanager/v1/",
    "SECRET_MANAGER_REGIONAL": "secretmanager/v1/",
    "SERVICE_NETWORKING": "servicenetworking/v1/",
    "SERVICE_USAGE": "serviceusage/v1/",
    "STORAGE": "storage/v1/",
    "TAGS": "cloudresourcemanager/v3/",
    "VERTEX_AI": "aiplatform/v1/",
    "VPC_ACCESS": "vpcaccess/v1/",
    "WORKBENCH": "notebooks/v2/",
}
# CLOUDSDK_API_ENDPOINT_OVERRIDES_<key>; gcloud wants a trailing slash, and the version for these three only.
_GCLOUD_VERSIONED = {"storage": "storage/v1/", "compute": "compute/v1/", "bigquery": "bigquery/v2/"}
_GCLOUD = (
    "secretmanager iam iamcredentials cloudresourcemanager serviceusage artifactregistry cloudbuild run cloudfunctions "
    "aiplatform cloudscheduler appengine monitoring cloudbilling logging pubsub eventarc servicemanagement"
)


def variables(base: str) -> dict[str, str]:
    """Variable name -> value for a base such as "http://127.0.0.1:8080"; sorted by name, nothing secret in it."""
    found = {f"GOOGLE_{name}_CUSTOM_ENDPOINT": f"{base}/{path}" for name, path in TERRAFORM.items()}
    found["GOOGLE_BACKEND_STORAGE_CUSTOM_ENDPOINT"] = f"{base}/storage/v1/"
    paths = {api: f"{api}/" for api in _GCLOUD.split()} | _GCLOUD_VERSIONED
    found |= {f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{api.upper()}": f"{base}/{path}" for api, path in paths.items()}
    # Not STORAGE_EMULATOR_HOST: with it Terraform's gcs backend and google-cloud-storage send no credentials.
    found["API_ENDPOINT_OVERRIDE"] = base
    found |= {"FSSPEC_GCS_ENDPOINT_URL": base, "FSSPEC_GS_ENDPOINT_URL": base}
    # For Google's C++ client, which pandas and pyarrow read Parquet with; it sends credentials in spite of the name.
    found["CLOUD_STORAGE_EMULATOR_ENDPOINT"] = base
    found["BIGQUERY_EMULATOR_HOST"] = base
    # gcsfs would look for a gRPC endpoint first and wait a minute for it.
    found["GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT"] = "false"
    return dict(sorted(found.items()))
