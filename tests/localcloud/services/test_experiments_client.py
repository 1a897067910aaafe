"""google-cloud-aiplatform logs experiments as its guide shows, over both of its transports."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from localcloud.server import clients

from tests.localcloud.inside import OWNER, PROJECT
from tests.localcloud.serving import serving

LOGS = """
import sys
from google.cloud import aiplatform
from google.oauth2.credentials import Credentials

project, transport, token = *sys.argv[1:], sys.stdin.read()
where = {"project": project, "location": "europe-west1", "credentials": Credentials(token), "api_transport": transport}
aiplatform.init(**where, experiment="cards")
for name, rate in (("first", 0.1), ("second", 0.2)):
    with aiplatform.start_run(name):
        aiplatform.log_params({"rate": rate, "model": "cnn"})
        aiplatform.log_metrics({"accuracy": 1 - rate})
        for loss in (0.5, 0.25):
            aiplatform.log_time_series_metrics({"loss": loss})
        aiplatform.log_classification_metrics(labels=["cat", "dog"], matrix=[[9, 1], [2, 8]], display_name="confusion")
        with aiplatform.start_execution(schema_title="system.ContainerExecution", display_name="train") as execution:
            data = aiplatform.Artifact.create(schema_title="system.Dataset", uri="gs://cards/data")
            model = aiplatform.Artifact.create(schema_title="system.Model", uri=f"gs://cards/{name}")
            execution.assign_input_artifacts([data])
            execution.assign_output_artifacts([model])
print("=", [one.name for one in aiplatform.Experiment.list()])
runs = {one.name: one for one in aiplatform.ExperimentRun.list(experiment="cards")}
for name in sorted(runs):
    found = aiplatform.ExperimentRun(name, experiment="cards")
    print("=", name, found.state.name, sorted(found.get_params().items()), found.get_metrics())
    print("=", [one["display_name"] for one in found.get_classification_metrics()], len(found.get_artifacts()))
    series = found._backing_tensorboard_run.resource.read_time_series_data()
    print("=", [(point.step, point.scalar.value) for point in series["loss"].values])
with aiplatform.start_run("first", resume=True) as run:
    aiplatform.log_metrics({"accuracy": 0.95})
print("=", aiplatform.ExperimentRun("first", experiment="cards").get_metrics())
print("=", [one.uri for one in execution.get_input_artifacts()], [one.uri for one in execution.get_output_artifacts()])
runs["second"].delete(delete_backing_tensorboard_run=True)
print("=", [one.name for one in aiplatform.ExperimentRun.list(experiment="cards")])
aiplatform.Experiment("cards").delete()
print("=", aiplatform.Experiment.list(), len(aiplatform.Tensorboard.list(filter="is_default=true")))
"""


@pytest.mark.slow
@pytest.mark.parametrize("transport", ["rest", "grpc"])
def test_experiments_are_logged_and_read_as_googles_guide_shows(tmp_path: Path, transport: str) -> None:
    with serving(tmp_path / "state", "aiplatform", "cloudresourcemanager") as cloud:
        token = cloud.cloud.tokens.token(OWNER)
        own = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
        result = subprocess.run(
            [sys.executable, "-c", LOGS, PROJECT, transport],
            input=token, capture_output=True, text=True, check=False, timeout=300,
            env={**own, **clients.variables(tmp_path / "state", cloud.port, token)},
        )  # fmt: skip
    assert result.returncode == 0, result.stderr
    output = [line[2:] for line in result.stdout.splitlines() if line.startswith("= ")]
    assert output == [
        "['cards']",
        "first COMPLETE [('model', 'cnn'), ('rate', 0.1)] {'accuracy': 0.9}",
        "['confusion'] 4",
        "[(1, 0.5), (2, 0.25)]",
        "second COMPLETE [('model', 'cnn'), ('rate', 0.2)] {'accuracy': 0.8}",
        "['confusion'] 4",
        "[(1, 0.5), (2, 0.25)]",
        "{'accuracy': 0.95}",
        "['gs://cards/data'] ['gs://cards/second']",
        "['first']",
        "[] 1",
    ]
