"""Buckets: every field that can be sent comes back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from localcloud.spec.discovery import document

from tests.localcloud.samples import holds
from tests.localcloud.services.requests_inside import PROJECT
from tests.localcloud.services.storage_inside import B, storage

FREE = {"restrictionMode": "NotRestricted"}
BUCKET: dict[str, Any] = {
    "name": "whole-bucket",
    "location": "EU",
    "customPlacementConfig": {"dataLocations": ["EUROPE-WEST1", "EUROPE-WEST4"]},
    "rpo": "DEFAULT",
    "storageClass": "STANDARD",
    "autoclass": {"enabled": True, "terminalStorageClass": "ARCHIVE"},
    "billing": {"requesterPays": True},
    "cors": [{"maxAgeSeconds": 7, "method": ["GET"], "origin": ["*"], "responseHeader": ["b"]}],
    "defaultEventBasedHold": True,
    "encryption": {
        "defaultKmsKeyName": "projects/p/locations/eu/keyRings/r/cryptoKeys/k",
        "customerManagedEncryptionEnforcementConfig": FREE,
        "customerSuppliedEncryptionEnforcementConfig": FREE,
        "googleManagedEncryptionEnforcementConfig": FREE,
    },
    "iamConfiguration": {"publicAccessPrevention": "enforced", "uniformBucketLevelAccess": {"enabled": True}},
    "ipFilter": {
        "allowAllServiceAgentAccess": True,
        "allowCrossOrgVpcs": True,
        "mode": "Disabled",
        "publicNetworkSource": {"allowedIpCidrRanges": ["192.0.2.0/24"]},
        "vpcNetworkSources": [{"allowedIpCidrRanges": ["192.0.2.0/24"], "network": "projects/p/global/networks/n"}],
    },
    "labels": {"a": "b"},
    "lifecycle": {
        "rule": [
            {
                "action": {"type": "Delete"},
                "condition": {
                    **dict.fromkeys(("createdBefore", "customTimeBefore", "noncurrentTimeBefore"), "2030-01-01"),
                    **dict.fromkeys(("age", "daysSinceCustomTime", "daysSinceNoncurrentTime", "numNewerVersions"), 7),
                    "isLive": True,
                    "matchesPrefix": ["b"],
                    "matchesSuffix": ["b"],
                    "matchesStorageClass": ["STANDARD"],
                    "sizeAboveBytes": "7",
                    "sizeBelowBytes": "70",
                },
            }
        ]
    },
    "logging": {"logBucket": "whole-bucket", "logObjectPrefix": "b"},
    "retentionPolicy": {"retentionPeriod": "7"},
    "softDeletePolicy": {"retentionDurationSeconds": "604800"},
    "website": {"mainPageSuffix": "index.html", "notFoundPage": "404.html"},
}
SERVER_MADE = {
    "etag", "generation", "hardDeleteTime", "id", "kind", "locationType", "metageneration", "owner", "projectNumber",
    "satisfiesPZI", "satisfiesPZS", "selfLink", "softDeleteTime", "timeCreated", "updated",
}  # fmt: skip
CONFLICTING = {"acl", "defaultObjectAcl", "hierarchicalNamespace", "objectRetention", "versioning"}
"""Left out, since they conflict with others."""


def test_every_sent_field_of_a_bucket_is_returned(tmp_path: Path) -> None:
    fields = document("storage", "v1").schemas["Bucket"]["properties"].keys()
    assert fields == BUCKET.keys() | SERVER_MADE | CONFLICTING
    gcs = storage(tmp_path)
    created = gcs.ask("POST", f"{B}?project={PROJECT}", BUCKET).json
    holds(created, BUCKET, "bucket")
    assert gcs.ask("GET", f"{B}/whole-bucket").json == created
