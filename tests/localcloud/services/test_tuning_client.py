"""google-cloud-aiplatform creates datasets, predicts batches, tunes parameters and runs pipelines, over both of its transports."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from localcloud.server import clients

from tests.localcloud.inside import OWNER, PROJECT
from tests.localcloud.services.test_aiplatform_batches import SERVES
from tests.localcloud.services.test_aiplatform_pipelines import WORKS as DOES
from tests.localcloud.services.test_aiplatform_pipelines import compiled
from tests.localcloud.services.test_aiplatform_tuning import TRAINS
from tests.localcloud.serving import Serving, serving

IMAGES = f"europe-west1-docker.pkg.dev/{PROJECT}/images"
ROWS = {"parameterType": "NUMBER_INTEGER"}
PIPELINE = compiled(
    {"rows": ROWS},
    prep={
        "args": ["say={{$.inputs.parameters['rows']}}"],
        "inputs": {"parameters": {"rows": {"componentInputParameter": "rows"}}},
    },
    train={"dependentTasks": ["prep"]},
)
WORKS = """
import sys
from google.cloud import aiplatform
from google.cloud.aiplatform import hyperparameter_tuning as hpt
from google.oauth2.credentials import Credentials

project, transport, images, template, account, token = *sys.argv[1:], sys.stdin.read()
where = {"project": project, "location": "europe-west1", "credentials": Credentials(token), "api_transport": transport}
aiplatform.init(**where, staging_bucket="gs://team-data")
rows = aiplatform.TabularDataset.create("rows", gcs_source=["gs://team-data/rows.csv"])
print("=", rows.labels, rows.gca_resource.metadata["inputConfig"]["gcsSource"]["uri"])
rows.update(display_name="all rows")
print("=", [one.display_name for one in aiplatform.TabularDataset.list()], aiplatform.ImageDataset.list())
rows.delete()

model = aiplatform.Model.upload(display_name="echo", serving_container_image_uri=f"{images}/serve:v1")
job = model.batch_predict(
    job_display_name="predict", gcs_source="gs://team-data/in.jsonl", gcs_destination_prefix="gs://team-data/out",
    machine_type="n1-standard-2", model_parameters={"k": "v"})
print("=", job.state.name, job.completion_stats.successful_count, job.output_info.gcs_output_directory.rpartition("-")[0])
outputs = {one.name.rpartition("/")[2]: one.download_as_bytes() for one in job.iter_outputs()}
print("=", outputs["prediction.results-00000-of-00001"])
job.delete(); model.delete()

pool = {"machine_spec": {"machine_type": "n1-standard-4"}, "container_spec": {"image_uri": f"{images}/tune:v1"}}
tuned = aiplatform.HyperparameterTuningJob(
    display_name="tune", custom_job=aiplatform.CustomJob(display_name="trial", worker_pool_specs=[pool]),
    metric_spec={"accuracy": "maximize"}, max_trial_count=3, parallel_trial_count=2, search_algorithm="grid",
    parameter_spec={
        "size": hpt.DiscreteParameterSpec(values=[8, 16], scale=None),
        "depth": hpt.IntegerParameterSpec(min=1, max=2, scale="linear"),
    })
tuned.run()
print("=", tuned.state.name, [one.state.name for one in tuned.trials])
print("=", [[(each.parameter_id, each.value) for each in one.parameters] for one in tuned.trials])
print("=", max(one.final_measurement.metrics[0].value for one in tuned.trials))
random = aiplatform.HyperparameterTuningJob(
    display_name="random", custom_job=aiplatform.CustomJob(display_name="trial", worker_pool_specs=[pool]),
    metric_spec={"accuracy": "maximize"}, max_trial_count=2, parallel_trial_count=2, search_algorithm="random",
    parameter_spec={"size": hpt.DoubleParameterSpec(min=10, max=20, scale="log")})
random.run()
print("=", [10 <= one.final_measurement.metrics[0].value <= 20 for one in random.trials])
run = aiplatform.PipelineJob(
    display_name="cards", template_path=template, pipeline_root="gs://team-data/root", parameter_values={"rows": 4},
    enable_caching=False)
run.run(service_account=account)
print("=", run.state.name, [(one.task_name, one.state.name) for one in run.task_details])
"""


@pytest.mark.slow
@pytest.mark.parametrize("transport", ["rest", "grpc"])
def test_datasets_predictions_trials_and_pipelines_work_as_googles_guides_show(tmp_path: Path, transport: str) -> None:
    with serving(tmp_path / "state", "aiplatform", "storage", "cloudresourcemanager") as cloud:
        _prepared(cloud, tmp_path)
        cloud.grant("roles/storage.objectAdmin", runner := cloud.account("runner"))
        template, account = tmp_path / "cards.json", runner.partition(":")[2]
        template.write_text(json.dumps(PIPELINE))
        token = cloud.cloud.tokens.token(OWNER)
        own = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
        result = subprocess.run(
            [sys.executable, "-c", WORKS, PROJECT, transport, IMAGES, str(template), account],
            input=token, capture_output=True, text=True, check=False, timeout=300,
            env={**own, **clients.variables(tmp_path / "state", cloud.port, token)},
        )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert [line[2:] for line in result.stdout.splitlines() if line.startswith("= ")] == [
        "{'aiplatform.googleapis.com/dataset_metadata_schema': 'TABLE'} ['gs://team-data/rows.csv']",
        "['all rows'] []",
        "JOB_STATE_SUCCEEDED 2 gs://team-data/out/prediction-echo",
        r"""b'{"instance": [1], "prediction": [[1], {"k": "v"}]}\n{"instance": [2], "prediction": [[2], {"k": "v"}]}\n'""",
        "JOB_STATE_SUCCEEDED ['SUCCEEDED', 'SUCCEEDED', 'SUCCEEDED']",
        "[[('size', 8.0), ('depth', 1.0)], [('size', 8.0), ('depth', 2.0)], [('size', 16.0), ('depth', 1.0)]]",
        "16.0",
        "[True, True]",
        "PIPELINE_STATE_SUCCEEDED [('prep', 'SUCCEEDED'), ('train', 'SUCCEEDED')]",
    ]


def _prepared(cloud: Serving, folder: Path) -> None:
    stands_in = {
        f"{IMAGES}/{name}": {"command": [sys.executable, "-c", program], "folder": str(folder)}
        for name, program in (("serve", SERVES), ("tune", TRAINS), ("task", DOES))
    }
    cloud.cloud.workloads.tell({"runtime": "process", "standIns": stands_in})
    cloud("POST", "storage/v1/b", {"name": "team-data"}, project=PROJECT)
    cloud("POST", "upload/storage/v1/b/team-data/o", b"[1]\n[2]\n", uploadType="media", name="in.jsonl")
