"""Cloud Storage: buckets, objects and their versions, every kind of upload, and the XML-style paths."""

from __future__ import annotations

from functools import partial
from typing import Any

from localcloud.engine import batch
from localcloud.engine.dialect import OLDER
from localcloud.engine.iam import roles
from localcloud.engine.service import Alias, Endpoints, Handler, Resource, Service
from localcloud.services.storage import (
    access,
    acls,
    buckets,
    charges,
    copies,
    deleted_buckets,
    folders,
    hmac_keys,
    lifecycle,
    managed_folders,
    notifications,
    objects,
    policies,
    resumable,
    rows,
    senders,
    uploads,
    xml,
)

_METHODS: dict[str, Handler] = {
    "storage.buckets.delete": buckets.delete,
    "storage.buckets.get": buckets.get,
    "storage.buckets.getIamPolicy": policies.get,
    "storage.buckets.getStorageLayout": buckets.layout,
    "storage.buckets.insert": buckets.insert,
    "storage.buckets.list": buckets.list_,
    "storage.buckets.lockRetentionPolicy": buckets.lock_retention_policy,
    "storage.buckets.patch": buckets.patch,
    "storage.buckets.restore": deleted_buckets.restore,
    "storage.buckets.setIamPolicy": policies.set_,
    "storage.buckets.testIamPermissions": policies.test,
    "storage.buckets.update": buckets.update,
    "storage.anywhereCaches.list": buckets.none_of("anywhereCaches", "storage.anywhereCaches.list"),
    "storage.buckets.operations.get": folders.operation_get,
    "storage.buckets.operations.list": folders.operation_list,
    "storage.folders.delete": folders.delete,
    "storage.folders.deleteRecursive": folders.delete_recursive,
    "storage.folders.get": folders.get,
    "storage.folders.insert": folders.insert,
    "storage.folders.list": folders.list_,
    "storage.folders.rename": folders.rename,
    "storage.managedFolders.delete": managed_folders.delete,
    "storage.managedFolders.get": managed_folders.get,
    "storage.managedFolders.getIamPolicy": managed_folders.get_policy,
    "storage.managedFolders.insert": managed_folders.insert,
    "storage.managedFolders.list": managed_folders.list_,
    "storage.managedFolders.setIamPolicy": managed_folders.set_policy,
    "storage.managedFolders.testIamPermissions": managed_folders.test,
    "storage.managedFolders.update": managed_folders.update,
    "storage.rapidCaches.list": buckets.none_of("rapidCaches", "storage.anywhereCaches.list"),
    "storage.notifications.delete": notifications.delete,
    "storage.notifications.get": notifications.get,
    "storage.notifications.insert": notifications.insert,
    "storage.notifications.list": notifications.list_,
    "storage.projects.hmacKeys.create": hmac_keys.create,
    "storage.projects.hmacKeys.delete": hmac_keys.delete,
    "storage.projects.hmacKeys.get": hmac_keys.get,
    "storage.projects.hmacKeys.list": hmac_keys.list_,
    "storage.projects.hmacKeys.update": hmac_keys.update,
    "storage.projects.serviceAccount.get": buckets.service_account,
    "storage.objects.compose": copies.compose,
    "storage.objects.copy": copies.copy,
    "storage.objects.delete": objects.delete,
    "storage.objects.get": objects.get,
    "storage.objects.insert": uploads.insert,
    "storage.objects.list": objects.list_,
    "storage.objects.move": copies.move,
    "storage.objects.patch": objects.patch,
    "storage.objects.restore": objects.restore,
    "storage.objects.rewrite": copies.rewrite,
    "storage.objects.update": objects.update,
    "storage.objects.getIamPolicy": acls.object_policy,
    "storage.objects.setIamPolicy": acls.set_object_policy,
    "storage.objects.testIamPermissions": policies.test,
    **acls.methods(),
    "storage.uploads.resume": resumable.resume,
    "storage.uploads.cancel": resumable.cancel,
    "storage.batch.run": partial(batch.run, most=100),
    "storage.xml.get": xml.answered(xml.get),
    "storage.xml.head": xml.answered(xml.head),
    "storage.xml.put": xml.answered(xml.put),
    "storage.xml.post": xml.answered(xml.post),
    "storage.xml.delete": xml.answered(xml.delete),
}


def _upload_aliases() -> tuple[Alias, ...]:
    roots = ("upload/storage/v1/b/{bucket}/o", "resumable/upload/storage/v1/b/{bucket}/o")
    verbs = {"PUT": "storage.uploads.resume", "DELETE": "storage.uploads.cancel"}
    return tuple(Alias(http, root, method) for root in roots for http, method in verbs.items())


_MEDIA: dict[str, Any] = {"alt": "media"}

# Not STORAGE_EMULATOR_HOST: with it Terraform's gcs backend and google-cloud-storage send no credentials.
_ENDPOINTS = Endpoints(
    terraform={"STORAGE": "v1/"},
    gcloud="v1/",
    variables={
        "GOOGLE_BACKEND_STORAGE_CUSTOM_ENDPOINT": "{base}/storage/v1/",
        "API_ENDPOINT_OVERRIDE": "{base}",
        "FSSPEC_GCS_ENDPOINT_URL": "{base}",
        "FSSPEC_GS_ENDPOINT_URL": "{base}",
        # Google's C++ client, which pandas and pyarrow read Parquet with; it sends credentials in spite of the name.
        "CLOUD_STORAGE_EMULATOR_ENDPOINT": "{base}",
        # gcsfs would look for a gRPC endpoint first and wait a minute for it.
        "GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT": "false",
    },
)
SERVICE = Service(
    api="storage",
    title="Cloud Storage API",
    agent="service-{number}@gs-project-accounts.iam.gserviceaccount.com",
    roles=roles.beside(__file__, "storage."),
    endpoints=_ENDPOINTS,
    dialect=OLDER,
    audited={
        "storage.buckets.insert": "storage.buckets.create",
        "storage.buckets.patch": "storage.buckets.update",
        **{f"storage.{kind}.setIamPolicy": "storage.setIamPermissions" for kind in ("buckets", "managedFolders")},
    },
    # Only their IAM types count: their methods are all above.
    resources={
        "projects.buckets": Resource(kind="Bucket"),
        "projects.buckets.managedFolders": Resource(kind="ManagedFolder"),
        "projects.buckets.objects": Resource(kind="Object"),
    },
    methods=_METHODS,
    # Handlers ask themselves: what is needed depends on the bucket's project and on what an upload would replace.
    permissions=dict.fromkeys(_METHODS),
    anonymous=frozenset(_METHODS),
    tables=rows.TABLES,
    always_enabled=True,
    refusal=access.refusal,
    offers=lambda cloud: [rows.offered(cloud.store)],
    due={
        lifecycle.ROUND: lifecycle.run,
        deleted_buckets.PURGE: deleted_buckets.purged,
        charges.HOUR: charges.hour,
    },
    data_access=("storage.objects.", "storage.uploads.", "storage.xml.", "storage.batch."),
    project=buckets.project,
    skus=charges.SKUS,
    metered=charges.METERED,
    payer_param="bucket",
    payer=charges.payer,
    lenient=True,
    encoded={"storage.objects.insert": uploads.is_media, "storage.xml.put": lambda _query: True},
    streams={
        "storage.objects.insert": senders.of_upload,
        "storage.uploads.resume": senders.of_upload,
        "storage.xml.put": xml.answered(senders.of_object),
    },
    aliases=(
        *_upload_aliases(),
        Alias("GET", "download/storage/v1/b/{bucket}/o/{object}", "storage.objects.get", _MEDIA),
        Alias("POST", "batch/storage/v1", "storage.batch.run"),
        Alias("GET", "{bucket}/{object...}", "storage.xml.get"),
        Alias("HEAD", "{bucket}/{object...}", "storage.xml.head"),
        Alias("PUT", "{bucket}/{object...}", "storage.xml.put"),
        Alias("POST", "{bucket}/{object...}", "storage.xml.post"),
        Alias("DELETE", "{bucket}/{object...}", "storage.xml.delete"),
    ),
)
