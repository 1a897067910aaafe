"""The environment variables that child processes and clients may see; all others are withheld.

A variable can send secrets elsewhere, change what Terraform does, or make a run depend on something invisible; so each group
states its purpose.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path


def _names(text: str) -> re.Pattern[str]:
    """A pattern for names separated by spaces; * stands for any ending."""
    return re.compile("|".join(word.replace("*", r"\w*") for word in text.split()))


EVERYDAY = _names(
    "PATH HOME USER LOGNAME SHELL PWD TMPDIR TMP TEMP XDG_* LANG LANGUAGE LC_* TZ TERM COLORTERM COLUMNS LINES NO_COLOR "
    "CLICOLOR* FORCE_COLOR CI LD_LIBRARY_PATH DYLD_LIBRARY_PATH DYLD_FALLBACK_LIBRARY_PATH"
)
"""What any program needs to find its files and to communicate with the user."""

NETWORK = _names(
    "http_proxy https_proxy all_proxy no_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY SSL_CERT_FILE SSL_CERT_DIR "
    "REQUESTS_CA_BUNDLE CURL_CA_BUNDLE"
)
"""The user's network: proxies, and the certificates that they need. Never for programs that use only the local cloud."""

TERRAFORM = _names(
    "TF_LOG* TF_CLI_CONFIG_FILE TF_PLUGIN_CACHE_DIR TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE TF_REGISTRY_* TF_TOKEN_* "
    "TF_APPEND_USER_AGENT GOGC GOMAXPROCS GOMEMLIMIT"
)
"""The user's settings for Terraform itself: logs, mirrors and caches. Not TF_VAR_*, TF_WORKSPACE, TF_DATA_DIR: groundwork sets those."""

LOGIN = _names(
    "GOOGLE_APPLICATION_CREDENTIALS GOOGLE_OAUTH_ACCESS_TOKEN GOOGLE_IMPERSONATE_SERVICE_ACCOUNT GOOGLE_CLOUD_QUOTA_PROJECT "
    "GOOGLE_BILLING_PROJECT USER_PROJECT_OVERRIDE GOOGLE_EXTERNAL_ACCOUNT_* GOOGLE_API_USE_CLIENT_CERTIFICATE "
    "GOOGLE_API_CERTIFICATE_CONFIG NO_GCE_CHECK GCE_METADATA_TIMEOUT GCE_METADATA_DETECT_RETRIES CLOUDSDK_CONFIG "
    "CLOUDSDK_PYTHON* CLOUDSDK_ACTIVE_CONFIG_NAME CLOUDSDK_AUTH_ACCESS_TOKEN_FILE CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE "
    "CLOUDSDK_AUTH_IMPERSONATE_SERVICE_ACCOUNT CLOUDSDK_CORE_ACCOUNT CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE CLOUDSDK_CORE_PROJECT "
    "CLOUDSDK_CORE_DISABLE_PROMPTS CLOUDSDK_PROXY_* AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_REGION "
    "AWS_DEFAULT_REGION ACTIONS_ID_TOKEN_REQUEST_TOKEN ACTIONS_ID_TOKEN_REQUEST_URL"
)
"""The user's login at Google, including keyless ones. Not the variables that contain a service account key: keys are not used."""

SCREEN = _names(
    "DISPLAY WAYLAND_DISPLAY XAUTHORITY BROWSER DBUS_SESSION_BUS_ADDRESS SSH_CONNECTION SSH_CLIENT SSH_TTY WSL_*"
)
"""Where to open a browser for a login."""

PACKAGES = _names("PIP_* UV_*")
"""The user's sources of Python packages."""

DOCKER = _names("DOCKER_*")
"""The user's docker, and where it keeps its logins."""

_PROGRAMS: Mapping[str, tuple[re.Pattern[str], ...]] = {
    "gcloud": (NETWORK, LOGIN, SCREEN),
    "docker": (NETWORK, DOCKER),
    "uv": (NETWORK, PACKAGES),
    "python": (PACKAGES,),
}


def kept(seen: Mapping[str, str], *groups: re.Pattern[str]) -> dict[str, str]:
    """The variables in `seen` that are in EVERYDAY or in one of `groups`."""
    chosen = (EVERYDAY, *groups)
    return {name: value for name, value in seen.items() if any(group.fullmatch(name) for group in chosen)}


def of_program(program: str, seen: Mapping[str, str]) -> dict[str, str]:
    """The variables that a program such as "gcloud" or "/usr/bin/docker" may see."""
    return kept(seen, *_PROGRAMS.get(re.sub(r"[\d.]+\Z", "", Path(program).name), ()))
