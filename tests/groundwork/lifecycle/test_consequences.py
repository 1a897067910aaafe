"""What a changed region, project or name means is said before the plan."""

from __future__ import annotations

from pathlib import Path

from groundwork.lifecycle import consequences, down_all, up
from groundwork.lifecycle.up import UpOptions

from tests.groundwork.clone import Clone, copied
from tests.groundwork.conftest import RecordedTalk

YES = UpOptions(yes=True)


def planned(clone: Clone, *edits: tuple[str, str]) -> list[str]:
    """The lines of a plan of the edited file, which is put back."""
    text, talk = clone.file.read_text("utf-8"), RecordedTalk()
    for old, new in edits:
        clone.rewrite(old, new)
    try:
        session = clone.session("plan")
        up.show_plans(session, up.plan(session, talk), talk)
    finally:
        clone.file.write_text(text, "utf-8")
    lines = [line for line in talk.lines if not line.startswith(("initialising", "`up` would first", "planning"))]
    assert len(lines) > 1
    return lines


def test_another_region_is_explained_first(deployed: Clone) -> None:
    first, *_ = planned(deployed, ("region: europe-west1", "region: europe-west4"))
    assert first == (
        "region was europe-west1 and is now europe-west4: nothing can be moved, so what lies in a region would be destroyed with all that it "
        "contains, and be created again empty (5 resources). `up` refuses this. To move, put europe-west1 back, keep a copy of your data, "
        "run `groundwork down --all --env small`, change the region, and run `groundwork up --env small`."
    )


def test_that_plan_ends_with_what_up_refuses(deployed: Clone) -> None:
    text = deployed.file.read_text("utf-8")
    deployed.rewrite("region: europe-west1", "region: europe-west4")
    try:
        ended = deployed.run("plan", "--env", "small")
    finally:
        deployed.file.write_text(text, "utf-8")
    assert ended.returncode == 0
    assert "`up` would refuse this: state bucket: gs://small-clone-tfstate keeps Terraform's state" in ended.stderr


def test_another_project_is_explained_first(deployed: Clone) -> None:
    first, *_ = planned(deployed, ("project: small-clone", "project: other-clone"))
    assert first == (
        "project was small-clone and is now other-clone, which is another platform: nothing is moved to it, and all that is up in small-clone "
        "stays there and costs what it costs. To remove that, put small-clone back and run `groundwork down --all --env small`."
    )


def test_new_names_are_explained_first(deployed: Clone) -> None:
    first, second, *_ = planned(
        deployed,
        ("  data: {force_destroy: true}\n", "  datasets: {force_destroy: true}\n  scratch: {}\n"),
        ("buckets: {data: read}", "buckets: {datasets: read}"),
        ("  images: {}", "  containers: {}"),
    )
    assert sorted((first, second)) == [
        "bucket data is destroyed with all contents, and bucket datasets, bucket scratch are created, empty: nothing can be renamed.",
        "image repository images is destroyed with all contents, and image repository containers is created, empty: nothing can be renamed.",
    ]


def test_other_changes_need_no_explanation(deployed: Clone) -> None:
    first, *_ = planned(deployed, ("  kept: {}\n", "  kept: {}\n  more: {}\n"))
    assert first == "platform"


def test_after_everything_is_gone_the_former_project_is_forgotten(raised: Path, tmp_path: Path) -> None:
    with copied(raised, tmp_path) as clone:
        down_all.everything(clone.session(), YES, RecordedTalk())
        clone.rewrite("project: small-clone", "project: other-clone")
        assert consequences.sentences(clone.session("plan"), ()) == []
