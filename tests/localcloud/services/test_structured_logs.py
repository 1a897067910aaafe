"""Lines of programs that look like JSON: what cannot be stored as JSON stays the text that it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from localcloud.engine.lines import LogLine
from localcloud.services.aiplatform import journal as training
from localcloud.services.run import journal as run

from tests.localcloud.inside import PROJECT, inside

ODD = [
    '{"message": "epoch 1", "loss": NaN}',
    '{"message": "epoch 2", "loss": -Infinity}',
    '{"message": "half a pair: \\ud800"}',
    '{"message": ' * 500 + "1" + "}" * 500,
    '{"message": 1' + "0" * 5000 + "}",
    "{not json",
]


@pytest.mark.parametrize("line", ODD)
def test_a_line_of_a_service_is_text_unless_it_is_json(line: str) -> None:
    assert run.parsed(line) == (line, {})
    assert run.parsed('{"message": "x", "severity": "error"}') == ({"message": "x"}, {"severity": "ERROR"})


def test_every_line_of_a_training_job_is_kept_and_the_log_stays_readable(tmp_path: Path) -> None:
    cloud = inside(tmp_path)
    lines = [LogLine("stdout", line, 1_790_000_000.0 + at) for at, line in enumerate(ODD)]
    name = f"projects/{PROJECT}/locations/europe-west1/customJobs/1"
    cloud.cloud.store.begin()
    training.program(cloud.cloud, name, "workerpool0-0", lines)
    cloud.cloud.store.commit()
    entries = [entry for _, entry in cloud.cloud.logs.read(f"projects/{PROJECT}")]
    assert [entry["jsonPayload"]["message"] for entry in entries] == ODD
