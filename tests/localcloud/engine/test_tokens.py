"""Tokens and whom they name."""

import pytest
from localcloud.engine.tokens import principal, token
from localcloud.errors import CloudError

POOLED = "principal://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/g/subject/repo:o/r:ref/123"


def sent(value: str, now: float = 100) -> str:
    return principal({"authorization": f"Bearer {value}"}, now)


def test_no_token_is_nobody() -> None:
    assert principal({}, 0) == ""


@pytest.mark.parametrize("name", ["user:alice@example.com", "serviceAccount:a@p.iam.gserviceaccount.com"])
def test_a_token_names_its_principal(name: str) -> None:
    assert sent(token(name)) == name
    assert sent(token(name, 101)) == name


def test_an_expired_token_is_refused() -> None:
    with pytest.raises(CloudError) as caught:
        sent(token("user:alice@example.com", 100))
    assert caught.value.code == 401


def test_a_federated_subject_may_hold_slashes_and_end_in_digits() -> None:
    assert sent(token(POOLED, 101)) == POOLED


@pytest.mark.parametrize("value", ["ya29.abc", "local/", "local/alice", "local/user:a/b@example.com", ""])
def test_any_other_token_is_refused(value: str) -> None:
    with pytest.raises(CloudError, match="invalid authentication credentials"):
        sent(value)


def test_another_scheme_is_refused() -> None:
    with pytest.raises(CloudError):
        principal({"authorization": "Basic abc"}, 0)
