"""Build notifications: a message to the project's "cloud-builds" topic, if there is one, at each change of state.

Source: https://cloud.google.com/build/docs/subscribe-build-notifications.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from localcloud.engine.cloud import Cloud
from localcloud.engine.interfaces import Publishing
from localcloud.errors import CloudError
from localcloud.services.cloudbuild.names import API


def announce(cloud: Cloud, body: dict[str, Any]) -> None:
    """Publishes a build's current state; does nothing without the topic, or if the service agent may not publish to it."""
    publishing = cloud.offers.get(Publishing)
    topic = body.get("options", {}).get("pubsubTopic") or f"projects/{body['projectId']}/topics/cloud-builds"
    if publishing is None:
        return
    message = {**body, "name": cloud.projects.numbered(body["name"])}
    attributes = {"buildId": body["id"], "status": body["status"]}
    with suppress(CloudError):
        publishing.publish(
            cloud.agents.member(API, body["projectId"]),
            topic,
            json.dumps(message, ensure_ascii=False).encode(),
            attributes,
        )
