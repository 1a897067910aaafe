"""google_service_account: an account by its id, its e-mail address or its full name."""

from __future__ import annotations

from localcloud.provider.client import HttpError
from localcloud.provider.values import Object
from localcloud.provider.work import Problem, Work


def read(work: Work) -> Object:
    """The account that is named; by its id alone it is one of the project's."""
    account_id = str(work.config["account_id"])
    named = "@" in account_id
    email = account_id if named else f"{account_id}@{work.configured_project()}.iam.gserviceaccount.com"
    return shown(work, account_id if account_id.startswith("projects/") else f"projects/-/serviceAccounts/{email}")


def shown(work: Work, name: str) -> Object:
    """The account of that name; raises Problem when it cannot be read."""
    try:
        found = work.call("get", {"name": name})
    except HttpError as error:
        raise Problem(f"The service account {name} cannot be read: {error}") from error
    return {
        "id": found["name"],
        "account_id": found["email"].partition("@")[0],
        "disabled": bool(found.get("disabled", False)),
        "display_name": found.get("displayName", ""),
        "email": found["email"],
        "member": f"serviceAccount:{found['email']}",
        "name": found["name"],
        "project": found["projectId"],
        "unique_id": found["uniqueId"],
    }
