"""Explanations of last log lines, with real messages of the tools."""

from __future__ import annotations

import pytest
from groundwork.workloads.causes import explained, of_last_step

PORT = (
    "Container failed to start. Failed to start and then listen on the port defined by the PORT environment variable."
)


@pytest.mark.parametrize(
    ("message", "lines", "text"),
    [
        (PORT, [], "it must listen on 0.0.0.0, on the port in the variable PORT"),
        (
            "Failed to trigger build: if 'build.service_account' is specified, the build must either (a) specify 'build.logs_bucket'",
            [],
            "a build with an account of its own has no default bucket for its log: add `options: {logging: CLOUD_LOGGING_ONLY}`",
        ),
        (
            PORT,
            ["INFO:     Uvicorn running on http://127.0.0.1:8000 (Press CTRL+C to quit)"],
            "it listens on 127.0.0.1 only",
        ),
        (
            PORT,
            ["Traceback", "ModuleNotFoundError: No module named 'torch.nn'"],
            "the image lacks the Python package torch.nn",
        ),
        (PORT, ["exec /usr/local/bin/python: exec format error"], "the image was built for another processor"),
        (
            "",
            ['exec: "--epochs": executable file not found in $PATH'],
            "its arguments replace CMD, so that the first argument is run as the program",
        ),
        ("", ["Memory limit of 512 MiB exceeded with 530 MiB used."], "it needs more memory than its limit"),
        (
            "Permission denied on secret: projects/1/secrets/s/versions/latest for Revision service account a@b.",
            [],
            "its identity may not read the secret",
        ),
        (
            "",
            ["podman pull ended with 125: dial tcp: lookup registry-1.docker.io: no such host"],
            "a host could not be found",
        ),
        ("Image 'europe-west1-docker.pkg.dev/p/images/api:1' not found.", [], "there is no such image"),
        (
            "",
            ["google.api_core.exceptions.Forbidden: 403 a@b does not have storage.objects.get access"],
            "its identity lacks a permission",
        ),
        (
            "The following quota metrics exceed quota limits: aiplatform.googleapis.com/custom_model_training_nvidia_t4_gpus",
            [],
            "the project has no quota for nvidia_t4",
        ),
    ],
)
def test_a_cause_is_named_with_what_to_do(message: str, lines: list[str], text: str) -> None:
    assert explained(message, lines).startswith(f"likely cause: {text}")


@pytest.mark.parametrize(
    "line",
    [
        "sh: 1: uvicorn: not found",
        "bash: train.py: command not found",
        'exec: "serve": executable file not found in $PATH',
        "python: can't open file '/app/main.py': [Errno 2] No such file or directory",
        "ls: cannot access '/gcs': no such file or directory",
    ],
)
def test_a_missing_program_or_file_is_in_no_image(line: str) -> None:
    assert "a file or program that it needs to start is not in the image" in explained("", [line])


@pytest.mark.parametrize("line", ["loss 0.3", "ERROR: Tide tables not found in the bucket", "404 Not Found"])
def test_what_is_not_known_is_not_guessed(line: str) -> None:
    assert explained("Replica exited with a non-zero status code 1", [line]) == ""


def test_what_an_earlier_step_of_a_build_said_is_not_the_cause() -> None:
    earlier = ["api:latest: manifest unknown", "no latest image yet: every layer is built"]
    lines = [*earlier, 'Starting Step #1 - "build"', "npm error code ELIFECYCLE"]
    assert explained("", lines) != ""
    assert explained("", of_last_step(lines)) == ""
    assert of_last_step(earlier) == earlier
