"""The services of the local cloud, one line each."""

from __future__ import annotations

from localcloud.engine.service import Service
from localcloud.services import (
    aiplatform,
    artifactregistry,
    billingbudgets,
    cloudbilling,
    cloudbuild,
    cloudfunctions,
    cloudresourcemanager,
    cloudscheduler,
    compute,
    eventarc,
    iam,
    iamcredentials,
    logging,
    monitoring,
    oauth2,
    pubsub,
    secretmanager,
    serviceusage,
    storage,
    sts,
)
from localcloud.services.run import knative
from localcloud.services.run import service as run

SERVICES: tuple[Service, ...] = (
    aiplatform.SERVICE,
    artifactregistry.SERVICE,
    billingbudgets.SERVICE,
    cloudbilling.SERVICE,
    cloudbuild.SERVICE,
    cloudfunctions.SERVICE,
    cloudresourcemanager.SERVICE,
    cloudscheduler.SERVICE,
    compute.SERVICE,
    eventarc.SERVICE,
    iam.SERVICE,
    iamcredentials.SERVICE,
    logging.SERVICE,
    monitoring.SERVICE,
    oauth2.SERVICE,
    pubsub.SERVICE,
    knative.SERVICE,
    run.SERVICE,
    secretmanager.SERVICE,
    serviceusage.SERVICE,
    storage.SERVICE,
    sts.SERVICE,
)
