"""Service accounts: the identities of the environment file, the deployer, and whatever else acts."""

from __future__ import annotations

from groundwork.environment.values import DEPLOYER, EVENTS, PLANNER, SCHEDULER, Environment
from groundwork.errors import GroundworkError
from groundwork.google.cloud import GoogleCloud
from groundwork.resources import acls, policies
from groundwork.resources.item import Item
from groundwork.resources.kind import (
    NEVER_WAITS,
    NOT_LOOKED_INTO,
    NOT_REPORTED,
    Action,
    ConsolePage,
    FileEntry,
    FileSection,
    Free,
    Kind,
    PolicyAccess,
    Provisioning,
    Removal,
)
from groundwork.resources.listing import Listing

_ONE = "v1/projects/{project}/serviceAccounts/{name}"
_ASK = f"{_ONE}:testIamPermissions"
_IMPERSONATION = "v1/projects/-/serviceAccounts/{name}:generateAccessToken"
_SCOPE = {"scope": ["https://www.googleapis.com/auth/cloud-platform"]}


def unbind(cloud: GoogleCloud, item: Item) -> None:
    """Take an account out of every policy first: a binding of a deleted account stays, and hides who it was."""
    found = policies.read_all(cloud)
    if found.unknown:
        names = ", ".join(found.unknown)
        raise GroundworkError(f"Its bindings could not be looked for in: {names}. It was left as it is.")
    member = f"serviceAccount:{item.name}"
    places = {binding.item for binding in found.bindings if member in binding.members}
    for place in sorted(places):
        policies.drop_members(cloud, place, lambda one: one == member)
    for entry in found.acls:
        acls.drop_members(cloud, entry, lambda one: one == f"user:{item.name}")


def adopted(environment: Environment, item: Item) -> FileEntry | str:
    """An account as the file would have it; what it may do in the project stays granted and stays out of the file."""
    account = item.name.partition("@")[0]
    if account in (DEPLOYER, EVENTS, PLANNER, SCHEDULER):
        return "it is groundwork's own"
    values = {} if account.startswith("groundwork-") else {"called": account}
    about = " ".join(str(item.body.get("description") or item.body.get("displayName") or account).split())
    name = account.removeprefix("groundwork-")[:19].strip("-")
    return FileEntry(
        name, {**values, "description": about}, f"projects/{environment.project}/serviceAccounts/{item.name}"
    )


def called(environment: Environment, name: str) -> str:
    """An account's name in the file, by its email or what precedes the @."""
    account = name.partition("@")[0]
    names = {identity.email.partition("@")[0]: name for name, identity in environment.identities.items()}
    return names.get(account, account.removeprefix("groundwork-"))


ACTIONS = (
    Action("identity.act-as", "iam.serviceAccounts.actAs", "POST", "iam", _ASK),
    Action(
        "identity.impersonate",
        "iam.serviceAccounts.getAccessToken",
        "POST",
        "iamcredentials",
        _IMPERSONATION,
        _SCOPE,
    ),
    Action("identity.change-access", "iam.serviceAccounts.setIamPolicy", "POST", "iam", _ASK),
    Action("identity.create-key", "iam.serviceAccountKeys.create", "POST", "iam", _ASK),
)
DEPLOYERS = (
    Action(
        "deployer.impersonate",
        "iam.serviceAccounts.getAccessToken",
        "POST",
        "iamcredentials",
        _IMPERSONATION,
        _SCOPE,
    ),
)

KIND = Kind(
    name="service account",
    why="nothing; it keeps its roles",
    maker="`gcloud iam service-accounts create`",
    makers=((r"terraform.*", "somebody, for another Terraform"),),
    terraform=(
        Provisioning(
            "google_service_account",
            "service account",
            "projects/{project}/serviceAccounts/{account_id}@{project}.iam.gserviceaccount.com",
            Free("service accounts are free"),
            (
                "iam.serviceAccounts.create",
                "iam.serviceAccounts.delete",
                "iam.serviceAccounts.setIamPolicy",
                "iam.serviceAccounts.update",
            ),
            named="email",
            section=("identity", "account_id"),
        ),
    ),
    components={
        "deployer": "deployer identity",
        "events": "identity",
        "identities": "identity",
        "planner": "planner identity",
        "scheduler": "identity",
    },
    listings=(
        Listing(
            "iam",
            "v1/projects/{project}/serviceAccounts",
            "accounts",
            "email",
            born="",
            platform=True,
            own=r"\d+-compute@developer\.gserviceaccount\.com|[a-z0-9-]+@appspot\.gserviceaccount\.com",
        ),
    ),
    # What acts as it goes first.
    removal=Removal(
        after=("HMAC key", "function", "Run service", "Run job", "Vertex custom job", "Workbench instance", "instance"),
        path=_ONE,
        before=unbind,
    ),
    pausing=NEVER_WAITS,
    policy=PolicyAccess(_ONE, "POST", "service_account_id", "iam service-accounts {verb} {name} --project={project}"),
    inside=NOT_LOOKED_INTO,
    reported=NOT_REPORTED,
    parts=(
        FileSection(
            "identity",
            "identities",
            4,
            lambda environment: {name: identity.email for name, identity in environment.identities.items()},
            ACTIONS,
            called=called,
            adopted=adopted,
            page=ConsolePage(
                "/iam-admin/serviceaccounts/details/{full}?project={project}",
                "resource/iam/projects/{project}/serviceAccounts/{full}",
            ),
        ),
        FileSection("deployer", "deployer", 9, lambda environment: {"": environment.deployer}, DEPLOYERS),
    ),
)
