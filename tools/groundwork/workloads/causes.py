"""Explains why a container did not start or a job failed, from its last log lines and Google's message, and what to do."""

from __future__ import annotations

import re
from collections.abc import Sequence

LINES = 8
"""Log lines that are looked at and shown."""

# What people run into, most telling first. Sources: https://cloud.google.com/run/docs/troubleshooting and public issues.
_CAUSES = (
    (r"ModuleNotFoundError: No module named '?([\w.]+)", "the image lacks the Python package {0}: add it to its requirements and build again"),
    (r'exec: "(?:--?\w|/gcs/|gs://)', "its arguments replace what CMD says, and the first of them is run: put the program into ENTRYPOINT in the Dockerfile"),
    (r"(?:Out of memory|Memory limit of [\w. ]+ exceeded|OOM|out-of-memory)", "it needs more memory than it may have: raise memory in the environment file"),
    (r"(?:Permission denied on secret|secretmanager\.versions\.access)", "its identity may not read the secret: name the identity among the secret's readers in the environment file"),
    (r"exec format error", "the image is for another processor, as images built on an Apple or ARM machine are: build it with `groundwork builds submit`"),
    (r"(?:running on|listening (?:on|at):?) \S*(?:127\.0\.0\.1|localhost)", "it listens on 127.0.0.1 only: let it listen on 0.0.0.0"),
    (r"(?:[Ii]mage .*(?:not found|does not exist)|MANIFEST_UNKNOWN|manifest unknown)", "there is no such image: `groundwork images list` shows those there are"),
    (r"(?:artifactregistry\.repositories\.downloadArtifacts|IMAGE_UNAUTHORIZED)", "whoever pulls the image may not read its repository: give them read in the environment file"),
    (r"(?:does not have|Permission '?[\w.]+'? denied|403 Forbidden|[\w.]+ permission)", "its identity lacks a permission: `groundwork access explain IDENTITY PERMISSION RESOURCE` says which line grants it"),
    (r"custom_model_training_(\w+?)_gpus", "the project has no quota for {0}: ask Google for it (IAM & Admin, Quotas), or train without GPU"),
    (r"(?:listen on the port|PORT environment variable|failed to start and (?:then )?listen)", "it has to listen on 0.0.0.0 and on the port that the variable PORT names (8080 unless the file says otherwise)"),
    (r"No such file or directory|not found", "a file or program that it starts with is not in the image: compare its command with the Dockerfile"),
)  # fmt: skip


def explained(message: str, lines: Sequence[str]) -> str:
    """The likely cause and what to do, as a sentence; "" where none is known."""
    for pattern, sentence in _CAUSES:
        for text in (*reversed(lines), message):
            if found := re.search(pattern, text):
                return f"likely cause: {sentence.format(*found.groups())}"
    return ""
