"""An alert names at least one channel by which somebody hears of it."""

from policies.language import PASSES, Policy, Resource, Ruling, Settings, Severity, Unknown, Verdict, fails, unknown


def judge(resource: Resource, _settings: Settings) -> Ruling:
    """Fails an alerting policy without notification channels."""
    channels = resource.get("notification_channels")
    if isinstance(channels, Unknown):
        return unknown("notification_channels")
    return PASSES if channels else fails("notifies nobody")


POLICY = Policy(
    title="Alerts reach somebody",
    severity=Severity.MEDIUM,
    why="Without a notification channel an incident is only seen by who happens to look at the console.",
    mend="Set `notification_channels`; `alerts` in the environment file notifies the operators, or whom `notify` names.",
    resources=("google_monitoring_alert_policy",),
    judge=judge,
    when_unknown=Verdict.PASS,
    unknown_because="channels that are made in the same plan are still channels",
)
