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
    why="Without a notification channel only those who happen to look at the console see an incident.",
    mend="Set `notification_channels`; `alerts` in the environment file notifies the operators, or the addresses in `notify`.",
    resources=("google_monitoring_alert_policy",),
    judge=judge,
    when_unknown=Verdict.PASS,
    unknown_because="channels that the same plan creates are channels, too",
)
