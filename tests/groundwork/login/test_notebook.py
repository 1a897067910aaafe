"""Variables and Python that point Google's clients at an environment: run as a shell and a notebook run them."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from groundwork.environment.checkout import Checkout
from groundwork.errors import Exit
from groundwork.google import local
from groundwork.login import notebook

from tests.groundwork.at_google import Google
from tests.small_clone import SmallClone

USE = """
from google.cloud import storage, secretmanager
client = storage.Client()
client.create_bucket(f"{client.project}-from-a-notebook", location="europe-west1")
print([bucket.name for bucket in client.list_buckets()])
secrets = secretmanager.SecretManagerServiceClient(transport="rest", client_options=local_cloud("secretmanager"))
print([secret.name.rpartition("/")[2] for secret in secrets.list_secrets(parent=f"projects/{client.project}")])
"""


def plain() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("GOOGLE", "CLOUDSDK"))}


def test_a_notebook_reaches_the_local_cloud(clone: SmallClone) -> None:
    lines = clone("env", "--python").text
    result = subprocess.run(
        [sys.executable, "-c", lines + USE], env=plain(), capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines() == [f"['{clone.project}-from-a-notebook']", "['wandb-api-key']"]


def test_a_shell_reaches_the_local_cloud(clone: SmallClone) -> None:
    code = "from google.cloud import storage; print(storage.Client().project, list(storage.Client().list_buckets()))"
    script = f"{clone('env').text}\n'{sys.executable}' -c '{code}'"
    result = subprocess.run(["sh", "-euc", script], env=plain(), capture_output=True, text=True, check=False)
    assert (result.stdout, result.returncode) == (f"{clone.project} []\n", 0), result.stderr


@pytest.mark.parametrize("form", [[], ["--python"], ["--json"]])
def test_nothing_secret_is_printed(form: list[str], clone: SmallClone) -> None:
    found = clone("env", *form).text
    token = (clone.checkout.local_state / "token").read_text()
    assert token not in found
    assert "ACCESS_TOKEN=" not in found


def test_google_cloud_needs_the_project_and_the_region_only(google: Google) -> None:
    found = json.loads(google.clone("env", "--env", "dev", "--json").out)
    project = google.clone.project
    assert found == {
        "environment": "dev",
        "base": None,
        "set": {
            "GOOGLE_CLOUD_PROJECT": project,
            "GOOGLE_CLOUD_QUOTA_PROJECT": project,
            "CLOUDSDK_CORE_PROJECT": project,
            "CLOUDSDK_COMPUTE_REGION": "europe-west1",
        },
        "unset": [],
    }


def test_variables_left_from_the_local_cloud_are_unset(google: Google) -> None:
    clone = google.clone
    left = notebook.variables_for(Checkout(clone.root), clone.environment, {}).variables
    shell = {**left, "GOOGLE_OAUTH_ACCESS_TOKEN": local.token(clone.checkout)}
    found = notebook.variables_for(Checkout(clone.root), google.environment, shell)
    after = {**shell, **found.variables}
    rest = {name: value for name, value in after.items() if name not in found.gone}
    assert not [
        name for name, value in rest.items() if "127.0.0.1:" in value or ".groundwork" in value or "local/" in value
    ]
    script = "\n".join(
        [*(f"export {name}='{value}'" for name, value in shell.items()), *notebook.shell(found, {}), "env"]
    )
    result = subprocess.run(
        ["sh", "-euc", script], env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=True
    )
    assert "127.0.0.1:" not in result.stdout
    assert "CLOUDSDK_CORE_ACCOUNT=" not in result.stdout


def test_a_notebook_on_google_cloud_is_python(google: Google) -> None:
    result = google.clone("env", "--env", "dev", "--python")
    assert result.code == Exit.OK
    compile(result.text, "cell", "exec")
    assert "# " + google.clone.project + " on Google Cloud" in result.text
