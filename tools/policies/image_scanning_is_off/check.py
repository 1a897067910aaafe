"""A repository does not scan what is pushed to it."""

from policies.language import PASSES, Policy, Resource, Ruling, Settings, Severity, Unknown, Verdict, fails, unknown


def judge(resource: Resource, _settings: Settings) -> Ruling:
    """Fails a repository without DISABLED: left out, it follows the project's setting, which one click turns on."""
    scanning = resource.blocks("vulnerability_scanning_config")
    settings = [Unknown()] if isinstance(scanning, Unknown) else [block.get("enablement_config") for block in scanning]
    if "DISABLED" in settings:
        return PASSES
    if any(isinstance(setting, Unknown) for setting in settings):
        return unknown("whether images are scanned")
    return fails("may scan, and bill, every image that is pushed")


POLICY = Policy(
    title="Image scanning is off",
    severity=Severity.MEDIUM,
    why="Scanning costs $0.26 for every image digest; a team that builds on every push can spend its coupon on it.",
    mend='Set `vulnerability_scanning_config { enablement_config = "DISABLED" }`; scan what you release in CI instead.',
    resources=("google_artifact_registry_repository",),
    judge=judge,
    when_unknown=Verdict.FAIL,
    unknown_because="what costs money must be readable before apply",
)
