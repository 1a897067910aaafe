"""What the contract test knows of single services: values for fields that they check, and the resources that it leaves out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.localcloud.services.requests_inside import NUMBER, PROJECT

TOPIC = f"projects/{PROJECT}/topics/there"
SCHEMA = f"projects/{PROJECT}/schemas/there"
ACCOUNT = f"runner@{PROJECT}.iam.gserviceaccount.com"
AVRO = '{"type": "record", "name": "Card", "fields": [{"name": "title", "type": "string"}]}'
IMAGE = "docker.io/library/b"
PIPELINE = {
    "schemaVersion": "2.1.0",
    "pipelineInfo": {"name": "b"},
    "root": {"dag": {"tasks": {"a": {"taskInfo": {"name": "a"}, "componentRef": {"name": "comp-a"}}}}},
    "components": {"comp-a": {"executorLabel": "exec-a"}},
    "deploymentSpec": {"executors": {"exec-a": {"container": {"image": "b", "command": ["b"]}}}},
}
ZONE = "zones/europe-west1-b"


def _without(fields: str) -> dict[str, None]:
    """Fields that are left out, since they conflict with others."""
    return dict.fromkeys(fields.split())


PLACES = {
    "zones": "europe-west1-b",
    "regions": "europe-west1",
    "locations": "europe-west1",
    "billingAccounts": "012345-6789AB-CDEF01",
}
OWN_PLACES: Mapping[str, Mapping[str, str]] = {"iam": {"locations": "global"}}
# By API and message: a value that the service accepts, or None for a field that conflicts with others.
OWN_VALUES: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "compute": {
        "Disk": {
            "sizeGb": "20",
            "type": f"{ZONE}/diskTypes/pd-ssd",
            "users": None,
            **_without("sourceDisk sourceImage sourceSnapshot"),
        },
        "Instance": {
            "machineType": f"{ZONE}/machineTypes/e2-medium",
            "disks": [{"boot": True, "initializeParams": {"diskSizeGb": "20"}}],
            "networkInterfaces": [{"network": "global/networks/default"}],
            "guestAccelerators": [
                {"acceleratorType": f"{ZONE}/acceleratorTypes/nvidia-tesla-t4", "acceleratorCount": 1}
            ],
            "deletionProtection": False,
            "serviceAccounts": [{"email": ACCOUNT, "scopes": ["a"]}],
            "scheduling": {
                "onHostMaintenance": "TERMINATE",
                "automaticRestart": True,
                "provisioningModel": "RESERVATION_BOUND",
                "nodeAffinities": [{"key": "a", "operator": "IN", "values": ["b"]}],
                "minNodeCpus": 7,
                "maxRunDuration": {"seconds": "43200", "nanos": 7},
                "onInstanceStopAction": {"discardLocalSsd": True},
            },
            "metadata": {"items": [{"key": "a", "value": "b"}]},
            "tags": {"items": ["a"]},
        },
        # Together with these, deleteBgpAlwaysCompareMed would remove one of them.
        "NetworkRoutingConfig": {
            "routingMode": "GLOBAL",
            "bgpBestPathSelectionMode": "STANDARD",
            "bgpAlwaysCompareMed": True,
            "bgpInterRegionCost": "ADD_COST_TO_MED",
        },
        "Image": {"sourceDisk": None, "sourceImage": None, "sourceSnapshot": None, "diskSizeGb": "20"},
        "Snapshot": {"sourceDisk": None},
        "Subnetwork": {
            "network": "global/networks/default",
            "ipCidrRange": "192.168.0.0/24",
            "secondaryIpRanges": [{"rangeName": "pods", "ipCidrRange": "192.168.1.0/24"}],
        },
        "Firewall": {
            "network": "global/networks/default",
            "allowed": [{"IPProtocol": "tcp", "ports": ["22", "8000-8080"]}],
            "denied": None,
            "direction": "INGRESS",
            "sourceRanges": ["192.168.0.0/24"],
            "destinationRanges": ["192.168.1.0/24"],
            "sourceServiceAccounts": None,
            "targetServiceAccounts": None,
        },
    },
    "logging": {
        "LogSink": {"destination": f"pubsub.googleapis.com/{TOPIC}", "filter": "severity>=ERROR", "exclusions": []},
        "LogMetric": {
            "filter": "severity>=ERROR",
            "valueExtractor": "EXTRACT(jsonPayload.seconds)",
            "labelExtractors": {"a": 'REGEXP_EXTRACT(jsonPayload.path, "/(.*)")'},
        },
        "LogExclusion": {"filter": "severity>=ERROR"},
    },
    "pubsub": {
        "Topic": {
            "messageRetentionDuration": "600s",
            "schemaSettings": {"schema": SCHEMA, "encoding": "JSON"},
        },
        "Schema": {"type": "AVRO", "definition": AVRO, "compiledProtoSchema": None},
        "Subscription": {
            "topic": TOPIC,
            "ackDeadlineSeconds": 20,
            "messageRetentionDuration": "600s",
            "expirationPolicy": {"ttl": "86400s"},
            "filter": "attributes:a",
            "deadLetterPolicy": {"deadLetterTopic": TOPIC, "maxDeliveryAttempts": 7},
            "retryPolicy": {"minimumBackoff": "10s", "maximumBackoff": "20s"},
            "pushConfig": {"pushEndpoint": "https://example.com/push"},
        },
    },
    "aiplatform": {
        "BatchPredictionJob": {
            "generateExplanation": None,
            "explanationSpec": None,
            "modelMonitoringConfig": None,
            "model": None,
            "serviceAccount": ACCOUNT,
            "partialFailures": None,
        },
        "BatchPredictionJobInputConfig": {
            "instancesFormat": "jsonl",
            "bigquerySource": None,
            "vertexMultimodalDatasetSource": None,
        },
        "BatchPredictionJobInstanceConfig": {"instanceType": "object", "keyField": None, "excludedFields": None},
        "BatchPredictionJobOutputConfig": {
            "predictionsFormat": "jsonl",
            "bigqueryDestination": None,
            "vertexMultimodalDatasetDestination": None,
        },
        "UnmanagedContainerModel": {"containerSpec": {"imageUri": "b"}},
        "GcsSource": {"uris": ["gs://b/o"]},
        "GcsDestination": {"outputUriPrefix": "gs://b/o"},
        "MachineSpec": {
            "machineType": "n1-standard-4",
            "acceleratorType": "NVIDIA_TESLA_T4",
            "acceleratorCount": 1,
        },
        "WorkerPoolSpec": {
            "replicaCount": "1",
            "pythonPackageSpec": None,
            "machineSpec": {"machineType": "n1-standard-4"},
        },
        "CustomJobSpec": {"serviceAccount": ACCOUNT, "tensorboard": None, "persistentResourceId": None},
        "StudySpecParameterSpec": {
            "categoricalValueSpec": None,
            "discreteValueSpec": None,
            "integerValueSpec": None,
            "doubleValueSpec": {"minValue": 1, "maxValue": 2, "defaultValue": 1},
        },
        "StudySpec": {"algorithm": "RANDOM_SEARCH"},
        "StudySpecParameterSpecConditionalParameterSpec": None,
        "PipelineJob": {"pipelineSpec": PIPELINE, "templateUri": None, "serviceAccount": ACCOUNT},
        "PipelineJobRuntimeConfig": {
            "gcsOutputDirectory": "gs://b/o",
            "inputArtifacts": None,
            "parameters": None,
            "parameterValues": {},
        },
        "TrainingPipeline": {
            "trainingTaskDefinition": (
                "gs://google-cloud-aiplatform/schema/trainingjob/definition/custom_task_1.0.0.yaml"
            ),
            "trainingTaskInputs": {
                "workerPoolSpecs": [
                    {
                        "machineSpec": {"machineType": "n1-standard-4"},
                        "replicaCount": "1",
                        "containerSpec": {"imageUri": "b"},
                    }
                ]
            },
        },
        "Dataset": {"metadataSchemaUri": "gs://google-cloud-aiplatform/schema/dataset/metadata/image_1.0.0.yaml"},
        "MetadataSchema": {"schema": "title: system.Card", "schemaType": "ARTIFACT_TYPE"},
        **{kind: {"schemaTitle": "system.Card"} for kind in ("Context", "Execution", "Artifact")},
        "Endpoint": {"trafficSplit": None},
    },
    "artifactregistry": {
        "Repository": {
            "format": "DOCKER",
            "mode": "REMOTE_REPOSITORY",
            **_without("mavenConfig virtualRepositoryConfig"),
            "cleanupPolicies": {"a": {"id": "a", "action": "DELETE", "condition": {"olderThan": "600s"}}},
        },
        "RemoteRepositoryConfig": {
            "description": "b",
            "dockerRepository": {"publicRepository": "DOCKER_HUB"},
            **_without("aptRepository commonRepository mavenRepository npmRepository pythonRepository yumRepository"),
        },
        "Expr": {"expression": "pkg.version.id == '1'"},
    },
    "billingbudgets": {
        "Budget": {"spendCap": None},
        "BudgetAmount": {"lastPeriodAmount": None},
        "Money": {"currencyCode": "USD"},
        "Filter": {
            "customPeriod": None,
            "creditTypesTreatment": "INCLUDE_SPECIFIED_CREDITS",
            "labels": {"a": ["b"]},
            "projects": [f"projects/{NUMBER}"],
            "resourceAncestors": None,
        },
        "NotificationsRule": {
            "pubsubTopic": TOPIC,
            "schemaVersion": "1.0",
            "monitoringNotificationChannels": None,
        },
    },
    "cloudbuild": {
        "Connection": _without("githubEnterpriseConfig gitlabConfig bitbucketCloudConfig bitbucketDataCenterConfig"),
        "GitHubConfig": {"authorizerCredential": None},
        "Repository": {"remoteUri": "https://github.com/owner/name.git"},
    },
    "cloudfunctions": {
        "Function": {"environment": "GEN_2"},
        "EventTrigger": {
            "serviceAccountEmail": ACCOUNT,
            "eventType": "google.cloud.pubsub.topic.v1.messagePublished",
            "eventFilters": None,
            "pubsubTopic": TOPIC,
            "triggerRegion": "europe-west1",
            "channel": None,
            "service": None,
        },
        "ServiceConfig": {
            "availableMemory": "256Mi",
            "serviceAccountEmail": ACCOUNT,
            "timeoutSeconds": 60,
        },
        "BuildConfig": {
            "runtime": "python312",
            "entryPoint": "b",
            "serviceAccount": f"projects/{PROJECT}/serviceAccounts/{ACCOUNT}",
            "dockerRepository": f"projects/{PROJECT}/locations/europe-west1/repositories/there",
        },
        "Source": {"repoSource": None, "gitUri": None},
    },
    "cloudscheduler": {
        "Job": {"schedule": "0 1 * * *", "timeZone": "Etc/UTC", "pubsubTarget": None, "appEngineHttpTarget": None},
        "HttpTarget": {"uri": "https://example.com/", "httpMethod": "POST", "oidcToken": None},
        "OAuthToken": {"serviceAccountEmail": ACCOUNT},
        "RetryConfig": {"retryCount": 5},
    },
    "eventarc": {
        "Trigger": {
            "channel": None,
            "eventFilters": [{"attribute": "type", "value": "google.cloud.pubsub.topic.v1.messagePublished"}],
            "serviceAccount": ACCOUNT,
        },
        "Destination": {
            "cloudRun": {"service": "there", "region": "europe-west1", "path": "/b"},
            **_without("cloudFunction gke workflow httpEndpoint networkConfig"),
        },
        "Pubsub": {"topic": TOPIC},
        "RetryPolicy": {"maxAttempts": 1},
    },
    "iam": {
        "WorkloadIdentityPool": {"mode": "TRUST_DOMAIN"},
        "WorkloadIdentityPoolProvider": {
            **_without("aws saml x509"),
            "attributeMapping": {"google.subject": "assertion.sub"},
            "attributeCondition": "assertion.sub != ''",
        },
        "Oidc": {"issuerUri": "https://example.com", "jwksJson": None},
    },
    "monitoring": {
        "Condition": _without(
            "name conditionAbsent conditionMatchedLog conditionMonitoringQueryLanguage conditionPrometheusQueryLanguage conditionSql"
        ),
        "MetricThreshold": {
            "filter": 'metric.type="run.googleapis.com/request_count" resource.type="cloud_run_revision"',
            "denominatorFilter": 'metric.type="run.googleapis.com/request_count" resource.type="cloud_run_revision"',
        },
        "AlertPolicy": _without("notificationChannels creationRecord mutationRecord"),
        "AlertStrategy": {"notificationRateLimit": None, "autoClose": "1800s"},
        "Dashboard": {"gridLayout": None, "rowLayout": None, "columnLayout": None},
        "NotificationChannel": {
            "type": "email",
            "labels": {"email_address": "a@example.com"},
            **_without("creationRecord mutationRecords"),
        },
        "UptimeCheckConfig": {
            "timeout": "10s",
            "resourceGroup": None,
            "syntheticMonitor": None,
            "tcpCheck": None,
            "selectedRegions": ["USA"],
        },
        "MonitoredResource": {"type": "uptime_url", "labels": {"host": "example.com", "project_id": PROJECT}},
        "HttpCheck": {"requestMethod": "POST", "path": "/", "maskHeaders": False, "authInfo": None},
    },
    "run": {
        "Container": {
            "dependsOn": None,
            "volumeMounts": [{"name": "b", "mountPath": "/b"}],
            "image": IMAGE,
        },
        "RevisionTemplate": {"serviceAccount": ACCOUNT, "revision": None},
        "TaskTemplate": {"serviceAccount": ACCOUNT},
        "TrafficTarget": {"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", "revision": None, "percent": 100},
        "Job": {"startExecutionToken": None},
        "ContainerPort": {"name": "h2c"},
        "EnvVar": {"value": None},
        "EnvVarSource": {"secretKeyRef": {"secret": "there", "version": "1"}},
        "GCSVolumeSource": {"bucket": "bucket"},
        "ResourceRequirements": {"limits": {"cpu": "1", "memory": "1Gi"}},
        "Probe": {"tcpSocket": None, "grpc": None, "httpGet": {"path": "/b", "port": 7}},
        "Volume": {"name": "b", **_without("secret cloudSqlInstance emptyDir nfs filestore")},
    },
    "secretmanager": {
        "Secret": {
            "versionAliases": None,
            "expireTime": None,
            "versionDestroyTtl": "86400s",
            "topics": [{"name": TOPIC}],
        },
        "Replication": {"userManaged": None},
        "Rotation": {"rotationPeriod": "3600s", "nextRotationTime": "2030-01-01T00:00:00Z"},
        "projects.locations.secrets": {"replication": None},
    },
}

UNREAD: Mapping[str, tuple[str, ...]] = {
    "compute.instances": ("disks",),
    "aiplatform.projects.locations.batchPredictionJobs": ("unmanagedContainerModel",),
}
"""Fields that are for input only, in whole or in part."""
UNDELETED: Mapping[str, str] = {
    "aiplatform.projects.locations.metadataStores.metadataSchemas": "the API has no method for it",
    "cloudfunctions.projects.locations.functions": "it can be deleted only once it has been built",
    **{
        f"aiplatform.projects.locations.{name}": "what runs can be deleted only once it has ended"
        for name in (
            "batchPredictionJobs",
            "customJobs",
            "hyperparameterTuningJobs",
            "pipelineJobs",
            "trainingPipelines",
        )
    },
}
UNPATCHED: Mapping[str, str] = {
    "cloudfunctions.projects.locations.functions": "it can be changed only once it has been built",
}
VOLATILE = (
    *("updateTime", "userUpdateTime", "mutationRecord", "mutationRecords", "etag", "fingerprint"),
    *("generation", "observedGeneration", "conditions", "terminalCondition"),
)
"""Fields that every change sets."""
PATCHES: Mapping[str, tuple[str, Any]] = {
    "artifactregistry.projects.locations.repositories.rules": ("action", "ALLOW"),
    "cloudbuild.projects.locations.connections": ("disabled", False),
}
"""Changes of resources that have none of the usual fields."""
AROUND: tuple[tuple[str, str, Any], ...] = (
    ("PUT", f"/pubsub/v1/{TOPIC}", {}),
    ("POST", f"/pubsub/v1/projects/{PROJECT}/schemas?schemaId=there", {"type": "AVRO", "definition": AVRO}),
    ("POST", f"/iam/v1/projects/{PROJECT}/serviceAccounts", {"accountId": "runner"}),
    (
        "POST",
        f"/run/v2/projects/{PROJECT}/locations/europe-west1/services?serviceId=there",
        {"template": {"containers": [{"image": IMAGE}], "serviceAccount": ACCOUNT}},
    ),
)
"""The requests that create what samples refer to."""
_OWN = "its methods are the service's own, tested with it"
LEFT_OUT: Mapping[str, str] = {
    "aiplatform.projects.locations.datasets.annotationSpecs": "nothing can create it",
    "aiplatform.projects.locations.datasets.dataItems": "nothing can create it",
    "aiplatform.projects.locations.datasets.savedQueries": "it is created with its dataset",
    "cloudbuild.projects.locations.connections.repositories": "a folder must stand in for it first",
    "cloudresourcemanager.projects": _OWN,
    "iam.projects.serviceAccounts": _OWN,
    "monitoring.projects.alerts": "incidents create it",
    "monitoring.projects.snoozes": "it needs a policy",
    "pubsub.projects.snapshots": "it is made of a subscription, not of its own fields",
    "run.projects.locations.services.revisions": "its service creates it",
    "run.projects.locations.jobs.executions": "its job creates it",
    "run.projects.locations.jobs.executions.tasks": "its job creates it",
    "secretmanager.projects.secrets.versions": "it is added by addVersion",
    "secretmanager.projects.locations.secrets.versions": "it is added by addVersion",
    "storage.projects.buckets": "a name for conditions; test_storage_bucket_fields.py has a bucket",
    "storage.projects.buckets.managedFolders": "a name for conditions",
    "storage.projects.buckets.objects": "a name for conditions",
}
