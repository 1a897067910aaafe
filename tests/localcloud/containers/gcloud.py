"""gcloud as a user's shell runs it, pointed at the local cloud."""

from __future__ import annotations

import os
from pathlib import Path

from localcloud.server import clients

from tests.localcloud.inside import OWNER, PROJECT
from tests.localcloud.serving import Serving


def environment(cloud: Serving, state: Path, folder: Path, principal: str = OWNER) -> dict[str, str]:
    """Its variables, as a principal; `folder` is its home."""
    token = cloud.cloud.tokens.token(principal)
    (folder / "token").write_text(token)
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        **clients.variables(state, cloud.port, token),
        "CLOUDSDK_CONFIG": str(folder / "gcloud"),
        "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE": str(folder / "token"),
        "CLOUDSDK_CORE_PROJECT": PROJECT,
        "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
        "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "1",
    }
