"""Google's APIs that are not emulated, as far as other services need to know them. When one is implemented, its row and roles move to the new service.

Clients are pointed here for these too, so that no call leaves the machine; their roles can be granted, and their agents named.
Source of the agents: https://cloud.google.com/iam/docs/service-agents.
"""

from __future__ import annotations

from pathlib import Path

from localcloud.engine.iam.roles import RoleTable
from localcloud.engine.service import Endpoints, Service


def _roles(api: str) -> RoleTable:
    return RoleTable(Path(__file__).with_name(f"{api}.json"))


UNWRITTEN: tuple[Service, ...] = (
    Service(api="apikeys", endpoints=Endpoints(terraform={"APIKEYS": "v2/"})),
    Service(api="appengine", endpoints=Endpoints(gcloud="")),
    Service(
        api="bigquery",
        agent="bq-{number}@bigquery-encryption.iam.gserviceaccount.com",
        roles=_roles("bigquery"),
        endpoints=Endpoints(
            terraform={"BIG_QUERY": "v2/"}, gcloud="v2/", variables={"BIGQUERY_EMULATOR_HOST": "{base}"}
        ),
    ),
    Service(api="bigqueryconnection", endpoints=Endpoints(terraform={"BIGQUERY_CONNECTION": "v1/"})),
    Service(
        api="cloudasset",
        agent="service-{number}@gcp-sa-cloudasset.iam.gserviceaccount.com",
        endpoints=Endpoints(terraform={"CLOUD_ASSET": "v1/"}),
    ),
    Service(api="cloudkms", endpoints=Endpoints(terraform={"KMS": "v1/"})),
    Service(api="cloudquotas", endpoints=Endpoints(terraform={"CLOUD_QUOTAS": "v1/"})),
    Service(api="cloudtasks", endpoints=Endpoints(terraform={"CLOUD_TASKS": "v2/"})),
    Service(api="container", endpoints=Endpoints(terraform={"CONTAINER": "v1/"})),
    Service(api="dns", endpoints=Endpoints(terraform={"DNS": "v1/"})),
    Service(api="essentialcontacts", endpoints=Endpoints(terraform={"ESSENTIAL_CONTACTS": "v1/"})),
    Service(api="firestore", endpoints=Endpoints(terraform={"FIRESTORE": "v1/"})),
    Service(
        api="notebooks",
        agent="service-{number}@gcp-sa-notebooks.iam.gserviceaccount.com",
        endpoints=Endpoints(terraform={"NOTEBOOKS": "v1/", "WORKBENCH": "v2/"}),
    ),
    Service(api="orgpolicy", roles=_roles("orgpolicy"), endpoints=Endpoints(terraform={"ORG_POLICY": "v2/"})),
    Service(api="servicemanagement", endpoints=Endpoints(gcloud="")),
    Service(api="servicenetworking", endpoints=Endpoints(terraform={"SERVICE_NETWORKING": "v1/"})),
    Service(api="vpcaccess", endpoints=Endpoints(terraform={"VPC_ACCESS": "v1/"})),
)
