"""A build with a service account of its own sets where its logs go; otherwise Cloud Build refuses it, at the first push."""

from policies.language import (
    PASSES,
    Block,
    Policy,
    Resource,
    Ruling,
    Settings,
    Severity,
    Unknown,
    Verdict,
    blocks,
    fails,
    unknown,
    worst,
)

_ENOUGH = ("CLOUD_LOGGING_ONLY", "NONE")


def judge(resource: Resource, _settings: Settings) -> Ruling:
    """Fails an inline build that neither logs only to Cloud Logging nor names a bucket for its logs; builds from a file are not visible here."""
    found = resource.blocks("build")
    return unknown("its build") if isinstance(found, Unknown) else worst(map(_judge_build, found))


def _judge_build(build: Block) -> Ruling:
    if build.get("logs_bucket"):
        return PASSES
    options = blocks(build, "options")
    if isinstance(options, Unknown):
        return unknown("its options")
    logging = options[0].get("logging") if options else None
    if isinstance(logging, Unknown):
        return unknown("where it logs")
    return PASSES if logging in _ENOUGH else fails("does not set its logs as a build with its own account must")


POLICY = Policy(
    title="Builds log to Cloud Logging",
    severity=Severity.MEDIUM,
    why="Without it, a build with its own account is refused, and reading logs from Cloud Build's default bucket takes the viewer role.",
    mend='Set `options { logging = "CLOUD_LOGGING_ONLY" }` in the build.',
    resources=("google_cloudbuild_trigger",),
    judge=judge,
    when_unknown=Verdict.FAIL,
    unknown_because="whether the build is refused must be readable before apply",
)
