"""Cloud Scheduler: jobs that call a target on a schedule."""

from __future__ import annotations

from localcloud.engine.iam import roles
from localcloud.engine.service import Endpoints, Service, Worker
from localcloud.services.cloudscheduler import attempts, jobs
from localcloud.services.cloudscheduler.jobs import API

_JOBS = f"{API}.projects.locations.jobs"
SERVICE = Service(
    api=API,
    title="Cloud Scheduler API",
    agent="service-{number}@gcp-sa-cloudscheduler.iam.gserviceaccount.com",
    agent_role="roles/cloudscheduler.serviceAgent",
    roles=roles.beside(__file__, "cloudscheduler."),
    endpoints=Endpoints(terraform={"CLOUD_SCHEDULER": "v1/"}, gcloud=""),
    proto="google.cloud.scheduler.v1",
    tables=attempts.TABLES,
    resources={"projects.locations.jobs": jobs.RESOURCE},
    methods={
        f"{_JOBS}.pause": jobs.pause,
        f"{_JOBS}.resume": jobs.resume,
        f"{_JOBS}.run": attempts.run,
    },
    permissions={f"{_JOBS}.resume": f"{API}.jobs.enable"},
    workers={attempts.ATTEMPT: Worker(attempts.attempt, attempts.cut)},
    due={jobs.FIRE: attempts.due, attempts.RETRY: attempts.again},
)
