"""The state and the parts that all services share."""

from __future__ import annotations

from dataclasses import dataclass

from localcloud.engine.agents import Agents
from localcloud.engine.clock import Clock
from localcloud.engine.commits import Commits
from localcloud.engine.due import Due
from localcloud.engine.events import Events
from localcloud.engine.iam import Iam
from localcloud.engine.interfaces import Offers
from localcloud.engine.jobs import Jobs
from localcloud.engine.lateness import Lateness
from localcloud.engine.logs import Logs
from localcloud.engine.metrics import Metrics
from localcloud.engine.operations import Operations
from localcloud.engine.ports import Ports
from localcloud.engine.projects import Projects
from localcloud.engine.signals import Signals
from localcloud.engine.store import Store
from localcloud.engine.tokens import Tokens
from localcloud.engine.usage import Usage
from localcloud.engine.workloads import Workloads


@dataclass(frozen=True, slots=True)
class Cloud:
    """One per process; handlers reach it as `call.cloud`."""

    store: Store
    clock: Clock
    iam: Iam
    operations: Operations
    projects: Projects
    commits: Commits
    signals: Signals
    jobs: Jobs
    lateness: Lateness
    tokens: Tokens
    due: Due
    events: Events
    logs: Logs
    metrics: Metrics
    usage: Usage
    offers: Offers
    agents: Agents
    workloads: Workloads
    ports: Ports
