"""Eventarc: triggers that send events of Cloud Storage and Pub/Sub to services of Cloud Run."""

from __future__ import annotations

from localcloud.engine.iam import roles
from localcloud.engine.service import Endpoints, Service
from localcloud.services.eventarc import providers, triggers
from localcloud.services.eventarc.transport import API

_PROVIDERS = f"{API}.projects.locations.providers"
SERVICE = Service(
    api=API,
    title="Eventarc API",
    agent="service-{number}@gcp-sa-eventarc.iam.gserviceaccount.com",
    agent_role="roles/eventarc.serviceAgent",
    roles=roles.beside(__file__),
    endpoints=Endpoints(terraform={"EVENTARC": "v1/"}, gcloud=""),
    proto="google.cloud.eventarc.v1",
    audited={"projects.locations.triggers": "google.cloud.eventarc.v1.Eventarc.*Trigger"},
    resources={"projects.locations.triggers": triggers.RESOURCE},
    methods={
        f"{API}.projects.locations.triggers.delete": triggers.delete,
        f"{_PROVIDERS}.get": providers.get,
        f"{_PROVIDERS}.list": providers.list_,
    },
)
