"""The environment variables with which Google's clients reach the local cloud under Google's own host names: a proxy, a CA bundle and a token.

Only clients without proxy support get another address.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from localcloud import atomic_files
from localcloud.server import certificates

LOOPBACK = "127.0.0.1,localhost,::1"
# Says nothing that the local cloud asks; it tells a proxy that leads here from any other on this machine.
_USER, _PASSWORD = "local-cloud", "simulated"
MARK = f"{_USER}:{_PASSWORD}@127.0.0.1:"
TRUST = (
    "SSL_CERT_FILE",  # OpenSSL, Go, curl
    "CURL_CA_BUNDLE",
    "REQUESTS_CA_BUNDLE",
    "HTTPLIB2_CA_CERTS",
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
    "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE",
)

_NAMES = (
    "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", *TRUST, "NODE_EXTRA_CA_CERTS", "CLOUDSDK_PROXY_TYPE", "CLOUDSDK_PROXY_ADDRESS",
    "CLOUDSDK_PROXY_PORT", "CLOUDSDK_PROXY_USERNAME", "CLOUDSDK_PROXY_PASSWORD", "CLOUDSDK_CORE_PASS_CREDENTIALS_TO_GSUTIL",
    "BOTO_CONFIG", "FSSPEC_GCS_ENDPOINT_URL", "FSSPEC_GS_ENDPOINT_URL", "CLOUD_STORAGE_EMULATOR_ENDPOINT", "GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT",
)  # fmt: skip


def variables(state: Path, port: int, token: str, suffix: str = "") -> dict[str, str]:
    """Variables by name for the local cloud of a state folder; names of files with the token end with `suffix`, one per person."""
    base, bundle = f"http://127.0.0.1:{port}", str(certificates.bundle(state))
    proxy = f"http://{MARK}{port}"
    return {
        **dict.fromkeys(("HTTPS_PROXY", "https_proxy"), proxy),
        **dict.fromkeys(("NO_PROXY", "no_proxy"), LOOPBACK),
        **dict.fromkeys(TRUST, bundle),
        "NODE_EXTRA_CA_CERTS": str(state / certificates.AUTHORITY),
        "CLOUDSDK_PROXY_TYPE": "http",
        "CLOUDSDK_PROXY_ADDRESS": "127.0.0.1",
        "CLOUDSDK_PROXY_PORT": str(port),
        # gsutil warns at each start if gcloud's proxy and HTTPS_PROXY differ.
        "CLOUDSDK_PROXY_USERNAME": _USER,
        "CLOUDSDK_PROXY_PASSWORD": _PASSWORD,
        "CLOUDSDK_CORE_PASS_CREDENTIALS_TO_GSUTIL": "false",
        "BOTO_CONFIG": str(_boto(state, token, bundle, suffix)),
        **without_proxy(base),
    }


def without_proxy(base: str) -> dict[str, str]:
    """For gcsfs and Google's C++ client, with which pandas and pyarrow read Parquet: they send credentials, but ignore proxies."""
    return {
        "FSSPEC_GCS_ENDPOINT_URL": base,
        "FSSPEC_GS_ENDPOINT_URL": base,
        "CLOUD_STORAGE_EMULATOR_ENDPOINT": base,
        # gcsfs would look for a gRPC endpoint first and wait a minute for it.
        "GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT": "false",
    }


def left_in(environment: Mapping[str, str]) -> list[str]:
    """The variables of a shell that still point its clients at a local cloud."""
    if not any(MARK in environment.get(name, "") for name in ("HTTPS_PROXY", "https_proxy")):
        return []
    return sorted(name for name in _NAMES if environment.get(name))


def _boto(state: Path, token: str, bundle: str, suffix: str) -> Path:
    """gsutil's settings; it exchanges the token, given as a refresh token, at Google's own address."""
    content = (
        f"[Boto]\nhttps_validate_certificates = True\nca_certificates_file = {bundle}\n"
        f"[Credentials]\ngs_oauth2_refresh_token = {token}\n"
        f"[GSUtil]\nstate_dir = {state / 'gsutil'}\nsoftware_update_check_period = 0\n"
    )
    return atomic_files.write(state / f"boto{suffix}", content)
