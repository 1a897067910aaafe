"""Explains why a container did not start or a job failed, from its last log lines and Google's message, and what to do."""

from __future__ import annotations

import re
from collections.abc import Sequence

LINES = 8
"""Number of log lines that are searched and shown."""

# Common failures, the most specific first. Sources: https://cloud.google.com/run/docs/troubleshooting and public issues.
_CAUSES = (
    (r"'build\.service_account' is specified, the build must", "a build with an account of its own has no default bucket for its log: add `options: {{logging: CLOUD_LOGGING_ONLY}}` to its build file"),
    (r"ModuleNotFoundError: No module named '?([\w.]+)", "the image lacks the Python package {0}: add it to its requirements and build again"),
    (r'exec: "(?:--?\w|/gcs/|gs://)', "its arguments replace CMD, so that the first argument is run as the program: set ENTRYPOINT in the Dockerfile"),
    (r"(?:Out of memory|Memory limit of [\w. ]+ exceeded|OOM|out-of-memory)", "it needs more memory than its limit: raise memory in the environment file"),
    (r"(?:Permission denied on secret|secretmanager\.versions\.access)", "its identity may not read the secret: name the identity among the secret's readers in the environment file"),
    (r"invalid reference format", "a variable in an image's name is empty: only triggers set SHORT_SHA, COMMIT_SHA, BRANCH_NAME and TAG_NAME, so set the one that is used, as in `--substitution SHORT_SHA=$(git rev-parse --short HEAD)`"),
    (r"exec format error", "the image was built for another processor, for example on an ARM Mac: build it with `groundwork builds submit`"),
    (r"(?:running on|listening (?:on|at):?) \S*(?:127\.0\.0\.1|localhost)", "it listens on 127.0.0.1 only: make it listen on 0.0.0.0"),
    (r"(?:no such host|Temporary failure in name resolution|Could not resolve host)", "a host could not be found: check its name, and that this machine is online"),
    (r"(?:[Ii]mage .*(?:not found|does not exist)|MANIFEST_UNKNOWN|manifest unknown)", "there is no such image: `groundwork images list` shows the images there are"),
    (r"(?:artifactregistry\.repositories\.downloadArtifacts|IMAGE_UNAUTHORIZED)", "the account that pulls the image may not read its repository: grant it read in the environment file"),
    (r"(?:does not have|Permission '?[\w.]+'? denied|403 Forbidden|[\w.]+ permission)", "its identity lacks a permission: `groundwork access explain IDENTITY PERMISSION RESOURCE` shows the line that grants it"),
    (r"custom_model_training_(\w+?)_gpus", "the project has no quota for {0}: request it in the console (IAM & Admin, Quotas), or train without a GPU"),
    (r"(?:listen on the port|PORT environment variable|failed to start and (?:then )?listen)", "it must listen on 0.0.0.0, on the port in the variable PORT (8080 unless the file sets another)"),
    (r"(?i:no such file or directory)|(?::|file|command) not found", "a file or program that it needs to start is not in the image: compare its command with the Dockerfile"),
)  # fmt: skip


def of_last_step(lines: Sequence[str]) -> Sequence[str]:
    """The lines of a build from the start of its last step on: a build goes on only after a step that did not fail."""
    starts = [at for at, line in enumerate(lines) if line.startswith("Starting Step #")]
    return lines[starts[-1] :] if starts else lines


def explained(message: str, lines: Sequence[str]) -> str:
    """The likely cause and the remedy as a sentence; "" if unknown."""
    for pattern, sentence in _CAUSES:
        for text in (*reversed(lines), message):
            if found := re.search(pattern, text):
                return f"likely cause: {sentence.format(*found.groups())}"
    return ""
