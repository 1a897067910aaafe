"""A function that runs at each upload to the bucket raw: it writes the file to the bucket processed, without its empty lines."""

import os

import functions_framework
from google.cloud import storage


@functions_framework.cloud_event
def preprocess(event):
    """Prepares the object of an event."""
    bucket, name = event.data["bucket"], event.data["name"]
    client = storage.Client()
    lines = client.bucket(bucket).blob(name).download_as_text().splitlines()
    kept = [line.strip() for line in lines if line.strip()]
    client.bucket(os.environ["PROCESSED"]).blob(name).upload_from_string("\n".join(kept) + "\n")
    print(f"{name}: {len(kept)} of {len(lines)} lines kept")
