"""Adding and removing people by the commands: the file, the policies, the proof, and what is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from groundwork.environment import editing
from groundwork.environment.checkout import Checkout
from groundwork.google import local
from groundwork.google.cloud import CloudProblem
from groundwork.people.actions import attempt, let_in, on
from groundwork.people.offboarding import last_owner
from groundwork.people.personas import grants, personas, targets
from groundwork.resources import policies
from groundwork.resources.bindings import Binding, Policies, address, is_of
from groundwork.resources.item import Item
from groundwork.resources.policies import drop_members, read, read_all, without, write
from localcloud.server import launcher

from tests.groundwork.people.conftest import ROOT, Platform


def test_add_writes_one_line_keeps_every_other_and_proves_each_promise(platform: Platform) -> None:
    before = platform.file.read_text(encoding="utf-8").splitlines()
    result = platform("people", "add", "Dave@Example.com", "--role", "ml-engineer")
    after = platform.file.read_text(encoding="utf-8").splitlines()
    assert result.returncode == 0, result.stderr
    assert [line for line in after if line not in before] == ["  dave@example.com: {role: ml-engineer}"]
    assert [line for line in before if line not in after] == []
    assert "promises: tried as them on the local cloud (simulated)" in result.stderr
    assert "Secret      wandb-api-key" in result.stdout


def test_adding_a_member_again_changes_nothing(platform: Platform) -> None:
    text = platform.file.read_text(encoding="utf-8")
    before = read_all(platform.cloud()).bindings
    again = platform("people", "add", "erin@example.com", "--role", "viewer")
    assert "local: no changes" in again.stderr
    assert platform.file.read_text(encoding="utf-8") == text
    assert read_all(platform.cloud()).bindings == before


def test_a_new_role_replaces_the_old_one(platform: Platform) -> None:
    before = {binding.role for binding in read_all(platform.cloud()).held_by("finn@example.com")}
    assert "roles/iam.serviceAccountTokenCreator" in before
    assert platform("people", "add", "finn@example.com", "--role", "viewer").returncode == 0
    roles = {binding.role for binding in read_all(platform.cloud()).held_by("finn@example.com")}
    assert "roles/iam.serviceAccountTokenCreator" not in roles
    assert "roles/storage.objectViewer" in roles


def test_two_concurrent_additions_lose_nobody(platform: Platform) -> None:
    children = [platform.start("people", "add", f"{name}@example.com", "--role", "viewer") for name in ("gus", "hal")]
    results = [(child.communicate()[1], child.returncode) for child in children]
    assert [code for _, code in results] == [0, 0], results
    assert {"gus@example.com", "hal@example.com"} <= set(platform.environment.members)
    policies = read_all(platform.cloud())
    assert policies.held_by("gus@example.com")
    assert policies.held_by("hal@example.com")


def _by_hand(platform: Platform, item: Item, role: str, member: str) -> None:
    cloud = platform.cloud()
    policy = read(cloud, item)
    write(cloud, item, {**policy, "bindings": [*policy.get("bindings", []), {"role": role, "members": [member]}]})


def test_remove_revokes_everything_including_manual_grants(platform: Platform) -> None:
    project = platform.environment.project
    _by_hand(platform, Item("project", project), "roles/editor", "user:Ida@example.com")
    _by_hand(platform, Item("bucket", f"{project}-models"), "roles/storage.objectAdmin", "user:ida@example.com")
    drift = platform("people", "drift")
    assert drift.returncode == 7
    assert f"by hand  ida@example.com  roles/editor on project {project}" in drift.stdout
    result = platform("people", "remove", "ida@example.com")
    assert result.returncode == 0, result.stderr
    assert "every policy in it was read again" in result.stdout
    assert "ida@example.com" not in platform.file.read_text(encoding="utf-8")
    assert read_all(platform.cloud()).held_by("ida@example.com") == ()
    cloud = platform.cloud("user:ida@example.com")
    environment = platform.environment
    tried = [attempt(cloud, environment, action, target) for target in targets(environment) for action in on(target)]
    assert not [status for status in tried if let_in(status)]


def test_a_binding_that_cannot_be_removed_ends_with_what_is_left(platform: Platform) -> None:
    project = platform.environment.project
    _by_hand(platform, Item("project", project), "roles/viewer", "user:jan@example.com")
    with platform.fault(method="cloudresourcemanager.projects.setIamPolicy", kind="error", code=403):
        result = platform("people", "remove", "jan@example.com")
    drop_members(platform.cloud(), Item("project", project), lambda member: member == "user:jan@example.com")
    assert result.returncode == 7
    assert f"roles/viewer on project {project}" in result.stderr


def test_a_concurrent_change_is_retried_and_kept(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policies, "_WAITS", (0, 0))
    project = Item("project", platform.environment.project)
    _by_hand(platform, project, "roles/viewer", "user:jo@example.com")
    with platform.fault(method="cloudresourcemanager.projects.setIamPolicy", kind="error", code=409, count=2):
        drop_members(platform.cloud(), project, lambda member: member == "user:jo@example.com")
    assert read_all(platform.cloud()).held_by("jo@example.com") == ()


def test_a_policy_that_keeps_changing_is_reported(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policies, "_WAITS", (0, 0))
    with (
        platform.fault(method="cloudresourcemanager.projects.setIamPolicy", kind="error", code=409),
        pytest.raises(CloudProblem, match="409 ABORTED"),
    ):
        drop_members(platform.cloud(), Item("project", platform.environment.project), lambda _member: False)


def test_a_policy_that_cannot_be_read_stops_it_before_anything_is_changed(platform: Platform) -> None:
    text = platform.file.read_text(encoding="utf-8")
    with platform.fault(method="storage.buckets.getIamPolicy", kind="error", code=403):
        result = platform("people", "remove", "alice@example.com")
    assert result.returncode == 8
    assert "so nothing is claimed about access" in result.stderr
    assert platform.file.read_text(encoding="utf-8") == text


@pytest.mark.parametrize("arguments", [("add", "kim@example.com", "--role", "viewer"), ("remove", "alice@example.com")])
def test_a_run_that_ends_before_anything_is_applied_leaves_the_file_as_it_was(
    platform: Platform, arguments: tuple[str, ...]
) -> None:
    text = platform.file.read_text(encoding="utf-8")
    with platform.fault(method="cloudresourcemanager.projects.get", kind="error", code=403):
        result = platform("people", *arguments)
    assert result.returncode != 0
    assert platform.file.read_text(encoding="utf-8") == text


def test_dry_run_says_what_would_go_and_changes_nothing(platform: Platform) -> None:
    text = platform.file.read_text(encoding="utf-8")
    result = platform("people", "remove", "alice@example.com", "--dry-run")
    assert "would go  roles/secretmanager.secretAccessor on secret wandb-api-key" in result.stdout
    assert platform.file.read_text(encoding="utf-8") == text


def test_list_counts_what_each_member_holds(platform: Platform) -> None:
    listed = json.loads(platform("people", "list", "--json").stdout)
    alice = next(member for member in listed["members"] if member["email"] == "alice@example.com")
    environment = platform.environment
    expected = grants(environment, environment.members["alice@example.com"], personas(ROOT))
    assert alice["bindings"] == len(expected)


def test_an_incomplete_count_is_marked_and_ends_with_unknown(platform: Platform) -> None:
    with platform.fault(method="storage.buckets.getIamPolicy", kind="error", code=403):
        listed = platform("people", "list")
    assert listed.returncode == 8
    assert "alice@example.com                data-scientist   at least " in listed.stdout
    assert "unknown: bucket groundwork-local-data" in listed.stderr


def test_a_shell_set_to_act_as_somebody_changes_nothing_as_the_owner(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `local env --as alice@example.com` sets it."""
    text = platform.file.read_text(encoding="utf-8")
    monkeypatch.setenv("GOOGLE_OAUTH_ACCESS_TOKEN", local.token(platform.checkout, "user:alice@example.com"))
    result = platform("people", "add", "olga@example.com", "--role", "viewer")
    assert (result.returncode in (5, 8), "403" in result.stderr or "permission" in result.stderr) == (True, True), (
        result.stderr
    )
    assert platform.file.read_text(encoding="utf-8") == text
    monkeypatch.delenv("GOOGLE_OAUTH_ACCESS_TOKEN")
    assert read_all(platform.cloud()).held_by("olga@example.com") == ()


def test_a_groups_access_is_read_from_policies_and_not_claimed_to_be_tried(platform: Platform) -> None:
    result = platform("people", "add", "team@example.com", "--role", "viewer", "--group")
    assert result.returncode == 0, result.stderr
    assert "promises: allowed by the live policies of project" in result.stderr
    assert "tried as them" not in result.stderr
    assert platform("people", "remove", "team@example.com").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("add", "alice", "--role", "viewer"), 2, '"alice" is not an e-mail address; write it as alice@example.com.'),
        (("add", "a b@example.com", "--role", "viewer"), 2, "is not an e-mail address"),
        (("add", "@example.com", "--role", "viewer"), 2, "is not an e-mail address"),
        (("add", "alice@localhost", "--role", "viewer"), 2, "is not an e-mail address"),
        (("add", "alice@example.com;rm", "--role", "viewer"), 2, "is not an e-mail address"),
        (("add", "", "--role", "viewer"), 2, "is not an e-mail address"),
        (("add", "x@y.z", "--role", "viewer"), 2, "members.x@y.z has a name that is not allowed"),
        (("add", "x@y.z", "--role", "viewer", "--dry-run"), 2, "members.x@y.z has a name that is not allowed"),
        (("add", "allUsers", "--role", "viewer"), 2, "is not an e-mail address"),
        (("add", "t@p.iam.gserviceaccount.com", "--role", "viewer"), 2, "is a service account, not a person"),
        (
            ("add", "zed@example.com", "--role", "boss"),
            2,
            '"boss" is not a persona; allowed are data-scientist, ml-engineer',
        ),
        (("add", "zed@example.com", "--role", "Owner"), 2, '"Owner" is not a persona'),
        (("add", "zed@example.com", "--role", "roles/owner"), 2, '"roles/owner" is not a persona'),
        (("add", "zed@example.com", "--role", ""), 2, "--role is missing; allowed are data-scientist"),
        (("add", "zed@example.com"), 2, "--role is missing; allowed are data-scientist"),
        (("add", "--role", "viewer"), 2, "Missing argument 'EMAIL'"),
        (("add", "zed@example.com", "--role", "viewer", "--env", "nowhere"), 2, 'there is no environment "nowhere"'),
        (("add", "zed@example.com", "--role", "viewer", "--provider", "aws"), 2, "Invalid value for '--provider'"),
        (("remove", "nobody@example.com"), 2, "is not in local and has no grants in groundwork-local"),
        (("remove", "nobody"), 2, "is not an e-mail address"),
        (("remove", "owner@example.com"), 9, "owner@example.com is the last owner of groundwork-local"),
        (("remove", "x@p.iam.gserviceaccount.com"), 2, "is a service account, not a person"),
        (("remove",), 2, "Missing argument 'EMAIL'"),
        (("list", "--env", "no/such.yaml"), 2, "cannot be read"),
        (("fire",), 2, "No such command 'fire'; allowed are drift, list."),
    ],
)
def test_wrong_input_gets_one_sentence_and_changes_nothing(
    platform: Platform, arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    text = platform.file.read_text(encoding="utf-8")
    result = platform("people", *arguments)
    assert (result.returncode, "Traceback" in result.stderr) == (code, False), result.stderr
    assert sentence in result.stderr
    assert platform.file.read_text(encoding="utf-8") == text


def test_members_of_policies_are_recognised_however_they_are_written() -> None:
    assert is_of("user:Alice@Example.com", "alice@example.com")
    assert is_of("deleted:user:alice@example.com?uid=1", "alice@example.com")
    assert is_of("group:alice@example.com", "alice@example.com")
    assert not is_of("serviceAccount:alice@example.com", "alice@example.com")
    assert not is_of("user:malice@example.com", "alice@example.com")
    assert address("deleted:user:Bob@example.com?uid=7") == "bob@example.com"


def test_without_keeps_other_members_and_drops_empty_bindings() -> None:
    policy = {
        "etag": "e",
        "bindings": [{"role": "a", "members": ["user:x", "user:y"]}, {"role": "b", "members": ["user:x"]}],
    }
    left = without(policy, lambda member: member == "user:x")
    assert left == {"etag": "e", "bindings": [{"role": "a", "members": ["user:y"]}]}


def test_one_of_two_owners_may_go_and_a_conditional_owner_does_not_count() -> None:
    item = Item("project", "p")
    two = Policies((Binding(item, "roles/owner", ("user:a@x.org", "user:b@x.org")),), {})
    conditional = Policies(
        (Binding(item, "roles/owner", ("user:a@x.org",)), Binding(item, "roles/owner", ("user:b@x.org",), "until May")),
        {},
    )
    assert not last_owner(two, "a@x.org")
    assert last_owner(conditional, "a@x.org")


def test_an_edit_keeps_comments_order_and_quotes(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text('# top\nb: "two"  # why\na:\n  - 1\n\n# end\nm: {x: 1}\n', encoding="utf-8")

    def change(document: dict[str, object]) -> bool:
        document["m"] = editing.inline({"x": 2})
        return True

    assert editing.edit(file, change)
    assert file.read_text(encoding="utf-8") == '# top\nb: "two"  # why\na:\n  - 1\n\n# end\nm: {x: 2}\n'
    assert [path.name for path in tmp_path.iterdir()] == ["x.yaml"]


def test_removing_a_member_does_not_start_a_platform_that_is_down(tmp_path: Path) -> None:
    for part in ("infra", "modules", "envs"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns(".terraform*"))
    bare = Platform(Checkout(tmp_path))
    try:
        cloud = bare.cloud()
        project = cloud.project
        cloud.request("POST", "cloudresourcemanager", "v1/projects", json={"projectId": project})
        cloud.request(
            "POST", "serviceusage", f"v1/projects/{project}/services:batchEnable",
            json={"serviceIds": [f"{api}.googleapis.com" for api in ("iam", "secretmanager", "artifactregistry")]},
        )  # fmt: skip
        _by_hand(bare, Item("project", project), "roles/viewer", "user:carol@example.com")
        result = bare("people", "remove", "carol@example.com")
        assert result.returncode == 0, result.stderr
        assert "the platform is not up, and is not brought up for this" in result.stderr
        assert "carol@example.com" not in bare.environment.members
        assert read_all(bare.cloud()).held_by("carol@example.com") == ()
        assert "made by hand" not in result.stderr
        assert "nothing is up" in bare("status").stdout
    finally:
        local.stop(bare.checkout)


def test_a_platform_without_secrets_or_repositories_has_people_too(tmp_path: Path) -> None:
    for part in ("infra", "modules", "envs"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns(".terraform*"))
    small = Platform(Checkout(tmp_path))
    small.file.write_text("cloud: local\nproject: small-team-1\nregion: europe-west1\n", encoding="utf-8")
    try:
        for arguments in (
            ("people", "add", "dave@example.com", "--role", "operator"),
            ("access",),
            ("access", "check", "--as", "dave@example.com"),
            ("people", "drift"),
            ("secrets", "list"),
            ("verify",),
            ("people", "remove", "dave@example.com"),
            ("down", "--yes"),
        ):
            result = small(*arguments)
            assert result.returncode == 0, (arguments, result.stderr)
        assert small.environment.members == {}
    finally:
        local.stop(small.checkout)


@pytest.mark.slow
def test_what_personas_hold_on_the_buckets_of_builds_and_training_is_no_drift(tmp_path: Path) -> None:
    for part in ("infra", "modules", "envs"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns(".terraform*"))
    team = Platform(Checkout(tmp_path))
    file = (ROOT / "envs" / "examples" / "pokemon-cards.yaml").read_text(encoding="utf-8")
    team.file.write_text(file, encoding="utf-8")
    try:
        assert team("up").returncode == 0
        agreed = team("people", "drift")
        assert (agreed.returncode, agreed.stdout.startswith("The policies of project")) == (0, True), agreed.stdout
        for bucket in team.environment.work_buckets.values():
            drop_members(team.cloud(), Item("bucket", bucket), lambda who: "misty" in who)
        missing = team("people", "drift")
    finally:
        local.stop(team.checkout)
    assert missing.returncode == 7
    for name in ("sources", "staging"):
        assert f"missing  misty@example.com  roles/storage.objectUser on bucket/{name}" in missing.stdout


def test_a_member_refused_by_google_leaves_the_file_unchanged(platform: Platform) -> None:
    before = platform.file.read_text(encoding="utf-8")
    running = launcher.start(platform.checkout.local_state)
    launcher.control(running, "POST", "/_local/directory", {"groups": ["zed@example.com"]})
    result = platform("onboard", "zed@example.com", "--role", "viewer")
    launcher.control(running, "DELETE", "/_local/directory")
    assert result.returncode == 2, result.stderr
    assert "zed@example.com is a group, not a user: set type: group." in result.stderr
    assert "local.yaml was restored, so that `up` works for everybody else" in result.stderr
    assert platform.file.read_text(encoding="utf-8") == before
    up = platform("up")
    assert up.returncode == 0, up.stderr
