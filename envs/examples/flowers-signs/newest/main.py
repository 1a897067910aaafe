"""A function that answers with the name of the newest weights."""

import os

import functions_framework
from google.cloud import storage


@functions_framework.http
def newest(_request):
    """The name and age of the newest object in the bucket with weights."""
    found = sorted(storage.Client().list_blobs(os.environ["WEIGHTS"]), key=lambda one: one.updated)
    if not found:
        return {"newest": None}, 404
    return {"newest": found[-1].name, "written": found[-1].updated.isoformat()}
