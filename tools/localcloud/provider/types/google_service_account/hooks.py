"""google_service_account: named by its email address, enabled and disabled by separate methods."""

from __future__ import annotations

from localcloud.provider import patches, rest
from localcloud.provider.additions import PlanDraft
from localcloud.provider.client import HttpError
from localcloud.provider.hooks import Hooks
from localcloud.provider.values import UNKNOWN, Object
from localcloud.provider.work import Problem, Work


def plan(draft: PlanDraft) -> None:
    """Email and member are known before creation, once the account's id and project are."""
    account, project = draft.planned["account_id"], draft.planned["project"]
    renamed = draft.creating or account != draft.prior.get("account_id")
    if renamed and account and project and UNKNOWN not in (account, project):
        email = f"{account}@{project}.iam.gserviceaccount.com"
        draft.set("email", email)
        draft.set("member", f"serviceAccount:{email}")


def create(work: Work, planned: Object) -> Object:
    """Creates the account, or adopts an existing one if create_ignore_already_exists is set."""
    try:
        return rest.make_and_read(work, planned)
    except HttpError as error:
        if error.code != 409 or not planned["create_ignore_already_exists"]:
            raise
        project = work.project(planned)
        email = f"{planned['account_id']}@{project}.iam.gserviceaccount.com"
        return rest.read(work, planned | {"email": email}) or planned


def decode(work: Work, values: Object, _state: Object) -> Object:
    """Adds what follows from the email address, and the API's project."""
    email = str(work.answer.get("email", ""))
    return values | {
        "account_id": email.partition("@")[0],
        "disabled": bool(work.answer.get("disabled", False)),
        "email": email,
        "member": f"serviceAccount:{email}",
        "project": work.answer.get("projectId", values["project"]),
        "id": work.answer.get("name", values["id"]),
    }


def update(work: Work, prior: Object, planned: Object) -> Object:
    """Enables or disables the account first, then patches display name and description."""
    changed = patches.differing(work, prior, planned)
    if "disabled" in changed:
        work.call("disable" if planned["disabled"] else "enable", {"name": work.path(planned)}, body={})
    patches.send_changes(work, prior, planned, changed - {"disabled"})
    if "disabled" in changed and changed & {"display_name", "description"}:
        raise Problem(
            f"google_service_account {planned['id']}: disabled was changed together with a text, both on the API.",
            "hashicorp/google 7.45.0 ends such an apply with an error (it waits in vain for a display_name that is the value "
            "of disabled). The next plan is empty; change one after the other.",
            "disabled",
        )
    return planned


HOOKS = Hooks(plan=plan, create=create, decode=decode, update=update)
