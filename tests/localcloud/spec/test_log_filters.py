"""Cloud Logging's query language, in the forms that clients send."""

from typing import Any

import pytest
from localcloud.errors import CloudError
from localcloud.spec.log_filters import compiled

ENTRY: dict[str, Any] = {
    "logName": "projects/p/logs/run.googleapis.com%2Fstdout",
    "resource": {"type": "cloud_run_revision", "labels": {"service_name": "web", "location": "europe-west1"}},
    "severity": "WARNING",
    "timestamp": "2026-11-21T10:00:00.500000Z",
    "labels": {"goog-managed-by": "cloudfunctions", "run.googleapis.com/execution": "e-1", "n": "5"},
    "jsonPayload": {"message": "Step 3 failed", "count": 7, "ok": True, "tags": ["a", "b"], "nested": {"x": "y"}},
}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  -- nothing but a comment",
        'resource.type="cloud_run_revision"',
        "resource.type = cloud_run_revision \n AND resource.labels.service_name = web \n AND severity >= DEFAULT",
        'resource.type="cloud_run_revision" resource.labels.location="europe-west1"\nlogName:"run.googleapis.com"',
        'labels."goog-managed-by"="cloudfunctions"',
        'labels."run.googleapis.com/execution"="e-1"',
        'logName="projects/p/logs/run.googleapis.com%2Fstdout"',
        'log_id("run.googleapis.com/stdout")',
        "severity>=INFO AND severity<error",
        "severity=(ERROR OR WARNING)",
        "severity!=ERROR",
        "NOT severity=ERROR",
        "-severity=ERROR",
        'timestamp>="2026-11-21T09:59:59Z"',
        'timestamp>="2026-11-21T10:00:00.000000+0000"',
        'timestamp<"2026-11-22T00:00:00.000000000Z"',
        "jsonPayload.count>5",
        "jsonPayload.ok=true",
        "jsonPayload.tags:b",
        "jsonPayload.nested:x",
        "jsonPayload.nested:*",
        "NOT jsonPayload.none:*",
        'jsonPayload.message=~"^Step \\\\d+"',
        'jsonPayload.message!~"passed"',
        'jsonPayload.message:"FAILED"',
        '"step 3"',
        "failed",
        'severity=DEFAULT OR severity=WARNING labels.n="5"',
        '(severity=WARNING AND (labels.n="5"))',
        'resource.labels.service_name=("web" OR "api") -- which one',
        'resource.labels.service_name="WEB"',
    ],
)
def test_these_take_the_entry(text: str) -> None:
    assert compiled(text)(ENTRY) is True


@pytest.mark.parametrize(
    "text",
    [
        "severity>WARNING",
        'resource.type="gce_instance"',
        'timestamp>"2026-11-21T10:00:01Z"',
        "jsonPayload.none=1",
        "jsonPayload.none:*",
        'severity=WARNING AND labels.n="6"',
        'labels.n="6" OR labels.n="7" severity=WARNING',
        'jsonPayload.message=~"passed"',
        "jsonPayload.count<7",
        "severity=(ERROR OR INFO)",
        'log_id("run.googleapis.com/stderr")',
        "NOT failed",
    ],
)
def test_these_do_not(text: str) -> None:
    assert compiled(text)(ENTRY) is False


def test_an_entry_without_a_severity_has_the_default_one() -> None:
    assert compiled("severity>=DEFAULT")({"textPayload": "x"})
    assert not compiled("severity>=INFO")({"textPayload": "x"})


@pytest.mark.parametrize(
    "text", ["(", "a=", "=1", "a=(b", "AND a", 'a="x', 'a=~"["', "(" * 60 + "a" + ")" * 60, "a" * 20_001]
)
def test_these_cannot_be_read_and_say_so(text: str) -> None:
    with pytest.raises(CloudError) as error:
        compiled(text)
    assert error.value.code == 400


@pytest.mark.parametrize(
    ("text", "takes"),
    [
        (f'textPayload=~"(a+)+$" OR textPayload="{"a" * 40}!"', True),
        ('textPayload=~"(a|a?)+b"', False),
        ("-- " * 3000 + '\ntextPayload:"a"', True),
        (" " * 19_000 + 'textPayload:"a"', True),
    ],
)
def test_no_filter_takes_more_time_than_its_length(text: str, takes: bool) -> None:
    assert compiled(text)({"textPayload": "a" * 40 + "!"}) is takes


@pytest.mark.parametrize("text", ["-- " * 3000 + '\n"', " " * 19_000 + '"', 'a=~"(?P<"', 'a=~"x{1000}{1000}"'])
def test_nor_does_one_that_cannot_be_read(text: str) -> None:
    with pytest.raises(CloudError, match="filter"):
        compiled(text)
