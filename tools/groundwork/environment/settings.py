"""The settings of an environment file: alerts, budget and accepted findings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Alerts:
    """When alerts open: shares of requests and of memory, seconds, and kinds of events; `notify` is empty for the operators."""

    errors: float
    latency_seconds: float
    memory: float
    jobs: bool
    revisions: bool
    uptime: bool
    notify: tuple[str, ...] = ()


@dataclass(frozen=True)
class Budget:
    """The monthly budget, in the billing account's currency; without an account ("") costs are only compared with it.

    `thresholds`: the shares of it at which Google sends e-mails; `notify`: who gets them, besides those that Google chooses.
    """

    amount: float
    currency: str
    billing_account: str = ""
    thresholds: tuple[float, ...] = (0.5, 0.8, 1)
    notify: tuple[str, ...] = ()


@dataclass(frozen=True)
class PolicyException:
    """A violation that is accepted until the day before `expires`."""

    check: str
    resource: str
    reason: str
    owner: str
    expires: date
