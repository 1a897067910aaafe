"""Acting as service accounts: whoever attaches an account to a resource needs iam.serviceAccounts.actAs on it.

Source: https://cloud.google.com/iam/docs/service-account-permissions#user-role.
"""

from __future__ import annotations

from localcloud.engine.cloud import Cloud

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


def exists(cloud: Cloud, email: str, project: str) -> bool:
    """Whether there is such an account; each project has its default one."""
    stored = cloud.store.get("iam", account(cloud, email, project))
    return email == default(cloud, project) or (stored is not None and not stored.get("deleted"))
