"""Equivalent commands for what a page shows: gcloud, curl and Python, ready to copy."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from urllib.parse import quote

# By API and collection; {id}, {project} and {location} are filled in. Source: https://cloud.google.com/sdk/gcloud/reference.
_GCLOUD = {
    ("aiplatform", "customJobs"): "gcloud ai custom-jobs describe {id} --region {location} --project {project}",
    (
        "artifactregistry",
        "repositories",
    ): "gcloud artifacts repositories describe {id} --location {location} --project {project}",
    ("cloudbuild", "builds"): "gcloud builds describe {id} --region {location} --project {project}",
    ("cloudbuild", "triggers"): "gcloud builds triggers describe {id} --region {location} --project {project}",
    ("cloudfunctions", "functions"): "gcloud functions describe {id} --region {location} --project {project}",
    ("cloudresourcemanager", "projects"): "gcloud projects describe {id}",
    ("cloudscheduler", "jobs"): "gcloud scheduler jobs describe {id} --location {location} --project {project}",
    ("compute", "instances"): "gcloud compute instances describe {id} --zone {location} --project {project}",
    ("eventarc", "triggers"): "gcloud eventarc triggers describe {id} --location {location} --project {project}",
    ("iam", "roles"): "gcloud iam roles describe {id} --project {project}",
    ("iam", "serviceAccounts"): "gcloud iam service-accounts describe {id} --project {project}",
    ("logging", "metrics"): "gcloud logging metrics describe {id} --project {project}",
    ("logging", "sinks"): "gcloud logging sinks describe {id} --project {project}",
    ("pubsub", "subscriptions"): "gcloud pubsub subscriptions describe {id} --project {project}",
    ("pubsub", "topics"): "gcloud pubsub topics describe {id} --project {project}",
    ("run", "jobs"): "gcloud run jobs describe {id} --region {location} --project {project}",
    ("run", "services"): "gcloud run services describe {id} --region {location} --project {project}",
    ("secretmanager", "secrets"): "gcloud secrets describe {id} --project {project}",
}
_SESSION = """\
from google.auth import default
from google.auth.transport.requests import AuthorizedSession

session = AuthorizedSession(default()[0])
print(session.get({url!r}).json())"""

Commands = Mapping[str, str]


def of_resource(api: str, version: str, name: str) -> Commands:
    """Commands that read a resource."""
    words = name.split("/")
    place = next((words[at + 1] for at, word in enumerate(words[:-1]) if word in ("locations", "regions", "zones")), "")
    known = {"id": words[-1], "project": words[1] if len(words) > 1 else "", "location": place}
    gcloud = _GCLOUD.get((api, words[-2] if len(words) > 1 else ""))
    lines = {"gcloud": gcloud.format(**{key: shlex.quote(value) for key, value in known.items()})} if gcloud else {}
    return {**lines, **_read(f"https://{api}.googleapis.com/{version}/{quote(name)}")}


def of_list(api: str, version: str, parent: str, collection: str) -> Commands:
    return _read(f"https://{api}.googleapis.com/{version}/{quote(parent)}/{collection}")


def of_bucket(bucket: str, prefix: str) -> Commands:
    """Commands that list a bucket's objects."""
    python = f"from google.cloud import storage\n\nfor blob in storage.Client().list_blobs({bucket!r}, prefix={prefix!r}):\n    print(blob.name, blob.size)"
    url = f"https://storage.googleapis.com/storage/v1/b/{quote(bucket)}/o?prefix={quote(prefix, safe='')}"
    return {
        "gcloud": f"gcloud storage ls {shlex.quote(f'gs://{bucket}/{prefix}')}",
        "curl": _curl(url),
        "Python": python,
    }


def of_object(bucket: str, name: str) -> Commands:
    """Commands that read an object."""
    python = f"from google.cloud import storage\n\ndata = storage.Client().bucket({bucket!r}).blob({name!r}).download_as_bytes()"
    url = f"https://storage.googleapis.com/storage/v1/b/{quote(bucket)}/o/{quote(name, safe='')}?alt=media"
    return {
        "gcloud": f"gcloud storage cat {shlex.quote(f'gs://{bucket}/{name}')}",
        "curl": _curl(url),
        "Python": python,
    }


def _read(url: str) -> Commands:
    return {"curl": _curl(url), "Python": _SESSION.format(url=url)}


def _curl(url: str) -> str:
    # On curl's own command line every user of the machine could read the token.
    return f'echo "Authorization: Bearer $GOOGLE_OAUTH_ACCESS_TOKEN" | curl --header @- {shlex.quote(url)}'
