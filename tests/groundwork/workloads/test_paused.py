"""What is paused is noted for the whole team, or in the clone where that cannot be; a damaged note is none."""

from __future__ import annotations

from groundwork.google.cloud import google_cloud
from groundwork.lifecycle import paused

from tests.groundwork.at_google import Google


def test_what_is_paused_is_noted_in_the_clone_where_the_bucket_cannot_be_written(google: Google) -> None:
    google.log_in()
    environment, checkout = google.environment, google.clone.checkout
    cloud = google_cloud(environment.project)
    said: list[str] = []
    assert paused.read(cloud, environment, checkout) == frozenset()
    paused.write(cloud, environment, checkout, ["b", "a"], said.append)
    bucket = f"gs://{environment.state_bucket}"
    assert said == [f"noted in this clone only, where `resume` finds it: {bucket} could not be written"]
    assert paused.read(cloud, environment, checkout) == {"a", "b"}
    cloud.storage().create_bucket(environment.state_bucket, location="europe-west1")
    paused.write(cloud, environment, checkout, ["c"], said.append)
    assert (len(said), paused.read(cloud, environment, checkout)) == (1, {"c"})
    cloud.storage().bucket(environment.state_bucket).blob(f"{environment.name}/paused.json").upload_from_string("[")
    assert paused.read(cloud, environment, checkout) == frozenset()
