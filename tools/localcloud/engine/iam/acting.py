"""Acting as service accounts: whoever attaches an account to a resource needs iam.serviceAccounts.actAs on it.

Source: https://cloud.google.com/iam/docs/service-account-permissions#user-role.
"""

from __future__ import annotations

from localcloud.engine.cloud import Cloud
from localcloud.spec.json_text import Body

ACT_AS = "iam.serviceAccounts.actAs"
_DOMAIN = ".iam.gserviceaccount.com"


def default(cloud: Cloud, project: str) -> str:
    """The address of a project's default account of Compute Engine."""
    return f"{cloud.projects.number(project)}-compute@developer.gserviceaccount.com"


def account(cloud: Cloud, email: str, project: str) -> str:
    """The full name of an account used in a project; Compute Engine's default account belongs to that project."""
    own = project if email == default(cloud, project) else email.partition("@")[2].removesuffix(_DOMAIN)
    return f"projects/{own}/serviceAccounts/{email}"


def may(cloud: Cloud, principal: str, email: str, project: str) -> bool:
    """Whether a principal may act as an account used in a project."""
    name = account(cloud, email, project)
    return cloud.iam.allowed(principal, ACT_AS, "iam", name, name.split("/")[1])


def find(cloud: Cloud, email: str, project: str) -> Body | None:
    """The account as it is stored; None for one that does not exist or is disabled."""
    stored = cloud.store.get("iam", account(cloud, email, project))
    return None if stored is None or stored.get("disabled") else stored


def usable(cloud: Cloud, email: str, project: str) -> bool:
    """Whether there is such an account, and it is not disabled."""
    stored = cloud.store.get("iam", account(cloud, email, project)) or {}
    return exists(cloud, email, project) and not stored.get("disabled")


def by_number(cloud: Cloud, number: str, project: str) -> str:
    """The address of the account with a unique id in a project; the id itself where there is none."""
    rows = cloud.store.list("iam", f"projects/{project}", "serviceAccounts")
    return next((str(body["email"]) for _, body in rows if body.get("uniqueId") == number), number)


def exists(cloud: Cloud, email: str, project: str) -> bool:
    """Whether there is such an account; each project has its default one."""
    stored = cloud.store.get("iam", account(cloud, email, project))
    return email == default(cloud, project) or (stored is not None and not stored.get("deleted"))
