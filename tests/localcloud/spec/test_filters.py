"""List filters."""

import pytest
from localcloud.errors import CloudError
from localcloud.spec.filters import compiled

BODY = {"name": "projects/p/secrets/train-key", "state": "ENABLED", "labels": {"team": "cats"}, "size": 7}


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("", True),
        ("state:ENABLED AND labels.team=cats", True),
        ("NOT state:ENABLED", False),
        ("-state:DISABLED", True),
        ("NOT -state:ENABLED", True),
        ("NOT NOT NOT state:ENABLED", False),
        ("(state=DISABLED OR size>6) labels.team:*", True),
        ("NOT (size<6 OR size>8)", True),
        ("train", True),
    ],
)
def test_a_filter_selects_what_it_describes(text: str, matches: bool) -> None:
    assert compiled(text)(BODY) is matches


@pytest.mark.parametrize("text", ["NOT " * 3000 + "state:ENABLED", "-" * 3000 + "state:ENABLED"])
def test_negations_do_not_nest(text: str) -> None:
    assert compiled(text)(BODY) is True


@pytest.mark.parametrize("text", ["(" * 2000, "(" * 2000 + "a" + ")" * 2000, "a:", ":a", "a:(", ")", '"', "a" * 20_000])
def test_an_invalid_filter_is_refused_briefly(text: str) -> None:
    with pytest.raises(CloudError) as caught:
        compiled(text)
    assert caught.value.code == 400
    assert len(caught.value.message) < 300
