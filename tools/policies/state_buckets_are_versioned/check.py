"""The bucket that keeps Terraform's state keeps its earlier versions, and is not emptied by a destroy."""

from policies.language import (
    PASSES,
    Policy,
    Resource,
    Ruling,
    Settings,
    Severity,
    Unknown,
    Verdict,
    fails,
    truth,
    unknown,
    written,
)


def judge(resource: Resource, _settings: Settings) -> Ruling:
    """Fails a bucket called `…tfstate` without versioning, or with `force_destroy`."""
    name = resource.text("name")
    text = written(name)
    if not text.endswith("tfstate"):
        return unknown("its name") if isinstance(name, Unknown) and (not text or text.endswith("}")) else PASSES
    versions, emptied = resource.blocks("versioning"), truth(resource.get("force_destroy"))
    if isinstance(versions, Unknown) or isinstance(emptied, Unknown):
        return unknown("versioning or force_destroy")
    if emptied:
        return fails("would delete the state when it is destroyed: force_destroy is true")
    versioned = truth(versions[0].get("enabled")) if versions else False
    return (
        unknown("versioning")
        if isinstance(versioned, Unknown)
        else PASSES
        if versioned
        else fails("keeps only one version of the state")
    )


POLICY = Policy(
    title="State buckets are versioned",
    severity=Severity.HIGH,
    why="A state that a failed run damaged can only be restored from an earlier version; without one, every resource is orphaned.",
    mend="Set `versioning { enabled = true }` and leave `force_destroy` out.",
    resources=("google_storage_bucket",),
    judge=judge,
    when_unknown=Verdict.FAIL,
    unknown_because="the state's safety must be readable before apply",
)
