"""Google's service agents in a project: their names in plain words, and the roles that give them access."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from groundwork.google.cloud import GoogleCloud


@dataclass(frozen=True)
class Agent:
    """A service agent: the domain of its address, and its role in the project."""

    domain: str
    role: str


# Source: https://cloud.google.com/iam/docs/service-agents.
AGENTS: Mapping[str, Agent] = {
    "build-agent": Agent("gcp-sa-cloudbuild", "roles/cloudbuild.serviceAgent"),
    "run-agent": Agent("serverless-robot-prod", "roles/run.serviceAgent"),
    "scheduler-agent": Agent("gcp-sa-cloudscheduler", "roles/cloudscheduler.serviceAgent"),
    # Pulls the images of custom jobs and runs them.
    "training-agent": Agent("gcp-sa-aiplatform-cc", "roles/aiplatform.customCodeServiceAgent"),
    "vertex-agent": Agent("gcp-sa-aiplatform", "roles/aiplatform.serviceAgent"),
}


def address(cloud: GoogleCloud, name: str) -> str:
    """The address of the agent with this short name, "" if there is none. Raises CloudProblem."""
    agent = AGENTS.get(name)
    if agent is None:
        return ""
    number = cloud.request("GET", "cloudresourcemanager", f"v1/projects/{cloud.project}")["projectNumber"]
    return f"service-{number}@{agent.domain}.iam.gserviceaccount.com"


def role_of(email: str) -> str:
    """The role of the agent with this address, "" for every other account."""
    return next((agent.role for agent in AGENTS.values() if f"@{agent.domain}." in email), "")
