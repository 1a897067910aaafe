"""Where old images are deleted, the newest of each stay, however old they are."""

from policies.language import PASSES, Policy, Resource, Ruling, Settings, Severity, Unknown, Verdict, fails, unknown


def judge(resource: Resource, _settings: Settings) -> Ruling:
    """Fails a repository that deletes images but has no rule to keep any."""
    rules = resource.blocks("cleanup_policies")
    if isinstance(rules, Unknown) or any(isinstance(rule.get("action"), Unknown) for rule in rules):
        return unknown("its cleanup")
    actions = {rule.get("action") for rule in rules}
    return fails("deletes old images, even the one in use") if "DELETE" in actions and "KEEP" not in actions else PASSES


POLICY = Policy(
    title="Cleanup policies keep recent images",
    severity=Severity.HIGH,
    why="A service whose image has not changed for a while cannot start again once the image is gone.",
    mend='Add a cleanup policy with `action = "KEEP"` and `most_recent_versions { keep_count = 5 }`.',
    resources=("google_artifact_registry_repository",),
    judge=judge,
    when_unknown=Verdict.FAIL,
    unknown_because="what is deleted must be readable before apply",
)
