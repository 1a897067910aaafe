"""The API that scans, and bills, every pushed image stays off."""

from policies.language import PASSES, Policy, Resource, Ruling, Settings, Severity, Unknown, Verdict, fails, unknown

_SCANNING = "containerscanning.googleapis.com"


def judge(resource: Resource, _settings: Settings) -> Ruling:
    """Fails containerscanning.googleapis.com."""
    service = resource.text("service")
    if isinstance(service, Unknown):
        return unknown("the service") if service.may_be(_SCANNING) else PASSES
    return fails(f"switches {_SCANNING} on") if service == _SCANNING else PASSES


POLICY = Policy(
    title="The scanning API is not enabled",
    severity=Severity.MEDIUM,
    why="Once it is on, every image digest pushed to any repository of the project costs $0.26.",
    mend="Leave it out of the services; `gcloud services disable containerscanning.googleapis.com` where it is on.",
    resources=("google_project_service",),
    judge=judge,
    when_unknown=Verdict.FAIL,
    unknown_because="what costs money must be readable before apply",
)
