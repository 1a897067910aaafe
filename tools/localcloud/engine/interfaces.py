"""Interfaces between services: declared here, implemented by one service; no service reads another's tables."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from localcloud.engine.exchange import Reply

T = TypeVar("T")
EVENTS_MODE = "__GCP_CloudEventsMode"
"""The parameter by which an endpoint asks Pub/Sub for CloudEvents: GCS_NOTIFICATION, or CUSTOM_PUBSUB_ and a topic's full name."""
DELIVERED_ONCE = ("goog-eventarc-attempts", "1")
"""The label of a subscription with such an endpoint whose messages are delivered once, whatever the answer."""


@dataclass(frozen=True, slots=True)
class Publishing:
    """Pub/Sub, for services that publish messages.

    `publish(principal, topic, data, attributes)` raises 404 without the topic and 403 when the principal may not;
    `check(principal, topic)` raises the same and publishes nothing. Topics are full names ("projects/p/topics/t").
    """

    publish: Callable[[str, str, bytes, Mapping[str, str]], None]
    check: Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class Constraints:
    """Organization policies, for services that enforce them: `enforced(project, "iam.disableServiceAccountKeyCreation")`."""

    enforced: Callable[[str, str], bool]


@dataclass(frozen=True, slots=True)
class Secrets:
    """Secret Manager, for services that pass secrets to what they run.

    `access(principal, "projects/p/secrets/s/versions/latest")` is the payload; 404 without it, 403 when the principal may not.
    """

    access: Callable[[str, str], bytes]


@dataclass(frozen=True, slots=True)
class IdTokens:
    """Signs identity tokens: `make(e-mail of a service account, audience)`; raises CloudError for an unknown account."""

    make: Callable[[str, str], str]


@dataclass(frozen=True, slots=True)
class Signatures:
    """Keys of service accounts: `vouched(account, data, signature)` is whether a signature is that account's, which is its stored body."""

    vouched: Callable[[dict[str, Any], bytes, bytes], bool]


@dataclass(frozen=True, slots=True)
class Buckets:
    """Cloud Storage, for services that read buckets.

    `owner(bucket)` is the project of a bucket, "" without it; `sizes(project, most)` are the names of its first buckets, each with the
    number of its objects and their bytes.
    """

    owner: Callable[[str], str]
    sizes: Callable[[str, int], Iterable[tuple[str, int, float]]]


@dataclass(frozen=True, slots=True)
class Addresses:
    """URLs of services that run here: `local(URL)` is the address on this machine behind such a URL, None for any other."""

    local: Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Requests:
    """Google's APIs as a principal, for services that act as an account: IAM applies, and requests are logged as if they came from outside.

    `ask(principal, verb, path, body, content type)` answers within the transaction that is open; paths are those of the local cloud
    ("storage/v1/b/x").
    """

    ask: Callable[[str, str, str, bytes, str], Reply]


@dataclass(frozen=True, slots=True)
class Quotas:
    """A project's quotas: `limit(project, "aiplatform.googleapis.com/custom_model_training_nvidia_t4_gpus", region)`."""

    limit: Callable[[str, str, str], int]


@dataclass(frozen=True, slots=True)
class BillingAccounts:
    """Cloud Billing, for services whose things belong to a billing account ("billingAccounts/000000-000000-000000").

    `allowed(principal, permission, account)`; `members(account, roles)` are the members with one of these roles, if anybody was given one.
    """

    allowed: Callable[[str, str, str], bool]
    members: Callable[[str, Collection[str]], list[str]]


@dataclass(frozen=True, slots=True)
class Channels:
    """Notification channels, for services that send e-mail: `address(name)` is that of a channel of type email, "" for any other name."""

    address: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class LogMetrics:
    """The log-based metrics of a project, for Cloud Monitoring: `descriptors(project)` are their MetricDescriptors."""

    descriptors: Callable[[str], list[dict[str, Any]]]


class Offers:
    """The implementations of the interfaces that this cloud's services offer, by type."""

    def __init__(self) -> None:
        self._made: dict[type[object], object] = {}

    def add(self, offer: object) -> None:
        """Registers an implementation."""
        self._made[type(offer)] = offer

    def get(self, interface: type[T]) -> T | None:
        """The implementation of an interface; None on a cloud without such a service."""
        offer = self._made.get(interface)
        return offer if isinstance(offer, interface) else None
