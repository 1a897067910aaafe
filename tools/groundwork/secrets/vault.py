"""Calls to Secret Manager through its official client; no error message ever contains a value."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from groundwork.environment.values import Environment
from groundwork.errors import GroundworkError, PermissionProblem
from groundwork.google.cloud import GoogleCloud
from groundwork.secrets.refusals import SecretAccess, sentence

if TYPE_CHECKING:
    from google.cloud.secretmanager import SecretManagerServiceClient

State = Literal["enabled", "disabled", "destroyed"]
LATEST = "latest"
_SECONDS = 30.0


@dataclass(frozen=True)
class SecretVersion:
    """One version of a secret: its number, state and creation time; disabled ones are kept and charged for."""

    number: int
    state: State
    created: datetime

    @property
    def active(self) -> bool:
        """Whether it is charged for. Source: https://cloud.google.com/secret-manager/pricing."""
        return self.state != "destroyed"


@dataclass(frozen=True)
class Vault:
    """The secrets of an environment's project as `who` sees them ("" = unknown).

    Every method raises GroundworkError: PermissionProblem naming the missing permission and whom to ask, or the error for
    another problem.
    """

    cloud: GoogleCloud
    environment: Environment
    who: str = ""

    @cached_property
    def _client(self) -> SecretManagerServiceClient:
        return self.cloud.secrets()

    def containers(self) -> tuple[str, ...]:
        """The names of all secrets in the project, whether or not the environment file has them."""
        with self._asking("list", "secretmanager.secrets.list"):
            found = self._client.list_secrets(parent=f"projects/{self.environment.project}", timeout=_SECONDS)
            return tuple(sorted(_last(secret.name) for secret in found))

    def versions(self, name: str) -> tuple[SecretVersion, ...]:
        """A secret's versions, newest first."""
        with self._asking("see the versions of", "secretmanager.versions.list", name):
            found = self._client.list_secret_versions(parent=self._path(name), timeout=_SECONDS)
            return tuple(sorted((_version(each) for each in found), key=lambda each: each.number, reverse=True))

    def read(self, name: str, version: str = LATEST) -> bytes:
        """The value of a version ("latest" or a number), checked against its CRC32C."""
        from google_crc32c import value as checksum

        with self._asking("read", "secretmanager.versions.access", name, version):
            found = self._client.access_secret_version(name=f"{self._path(name)}/versions/{version}", timeout=_SECONDS)
        data: bytes = found.payload.data
        if checksum(data) != found.payload.data_crc32c:
            raise GroundworkError(f"{name} was damaged in transit: run the same command again.")
        return data

    def add(self, name: str, value: bytes) -> int:
        """Stores a value as the newest version, and returns its number."""
        from google_crc32c import value as checksum

        payload = {"data": value, "data_crc32c": checksum(value)}
        with self._asking("set", "secretmanager.versions.add", name):
            request = {"parent": self._path(name), "payload": payload}
            return int(_last(self._client.add_secret_version(request=request, timeout=_SECONDS).name))

    def enable(self, name: str, number: int) -> None:
        """Enables a disabled version."""
        with self._asking("enable a version of", "secretmanager.versions.enable", name, str(number)):
            self._client.enable_secret_version(name=self._version_path(name, number), timeout=_SECONDS)

    def disable(self, name: str, number: int) -> None:
        """Makes a version unreadable until it is enabled again."""
        with self._asking("disable a version of", "secretmanager.versions.disable", name, str(number)):
            self._client.disable_secret_version(name=self._version_path(name, number), timeout=_SECONDS)

    def destroy(self, name: str, number: int) -> None:
        """Destroys a version's value permanently."""
        with self._asking("destroy a version of", "secretmanager.versions.destroy", name, str(number)):
            self._client.destroy_secret_version(name=self._version_path(name, number), timeout=_SECONDS)

    def may(self, name: str, permission: str) -> bool:
        """Whether the caller has a permission on a secret, according to IAM."""
        with self._asking("ask about", permission, name):
            request = {"resource": self._path(name), "permissions": [permission]}
            found = self._client.test_iam_permissions(request=request, timeout=_SECONDS)
            return permission in found.permissions

    def require_setting(self, name: str) -> None:
        """Raises the errors of `add`, for a missing secret or permission, before the user is asked for a value."""
        permission = "secretmanager.versions.add"
        if not self.may(name, permission):
            with suppress(PermissionProblem):
                self.versions(name)  # says so when there is no such container, of which IAM only says no
            raise sentence(SecretAccess(self.cloud, self.environment, self.who, "set", permission, name), None)

    def _path(self, name: str) -> str:
        return f"projects/{self.environment.project}/secrets/{name}"

    def _version_path(self, name: str, number: int) -> str:
        return f"{self._path(name)}/versions/{number}"

    @contextmanager
    def _asking(self, doing: str, permission: str, name: str = "", version: str = "") -> Iterator[None]:
        from google.api_core.exceptions import GoogleAPICallError, RetryError
        from google.auth.exceptions import GoogleAuthError
        from requests.exceptions import RequestException

        access = SecretAccess(self.cloud, self.environment, self.who, doing, permission, name, version)
        try:
            with no_request_in_logs():
                yield
        except (GoogleAPICallError, RetryError, GoogleAuthError, RequestException) as problem:
            raise sentence(access, problem) from None


@contextmanager
def no_request_in_logs() -> Iterator[None]:
    """Keeps Google's clients from writing requests, with their values, to debug logs (GOOGLE_SDK_PYTHON_LOGGING_SCOPE).

    The setting is process-wide: to call from several threads, enter this once around all of them.
    """
    before = logging.root.manager.disable
    logging.disable(max(before, logging.DEBUG))
    try:
        yield
    finally:
        logging.disable(before)


def _last(name: str) -> str:
    return name.rpartition("/")[2]


def _version(found: Any) -> SecretVersion:
    state: State = "enabled" if found.state.name == "ENABLED" else "disabled"
    if found.state.name == "DESTROYED":
        state = "destroyed"
    return SecretVersion(int(_last(found.name)), state, found.create_time)
