"""Compute Engine's list filters with regular expressions, as gcloud writes them."""

from __future__ import annotations

import pytest
from localcloud.errors import CloudError
from localcloud.spec.regex_filters import compiled

ZONE = "https://www.googleapis.com/compute/v1/projects/p/zones/europe-west1-b"
BODY = {"name": "n1-standard-4", "zone": ZONE, "guestCpus": 4, "isSharedCpu": False, "labels": {"team": "cats"}}


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("", True),
        ("name=n1-standard-4", True),
        ("name = n1-standard-8", False),
        (r'name eq ".*(n1-standard).*"', True),
        (r'zone eq ".*\beurope\-west2\b.*"', False),
        (r'zone eq ".*\beurope\-west1\-b\b.*"', True),
        ("name eq n1", False),
        ("name eq n1.*", True),
        ("name eq '.*-(4|8)'", True),
        ("name eq .*-(4|8)", True),
        ("name ne .*-4", False),
        ("family eq .*", False),
        ("family ne .*", True),
        ("isSharedCpu eq false", True),
        ("guestCpus eq 4", True),
        ("labels.team eq c.*", True),
        (r'( name eq ".*(4).*" ) ( zone eq ".*-b" )', True),
        ("(name eq n1.*) (guestCpus ne 4)", False),
        (f"name eq n1.*{' ' * 16_000}", True),
        (f"name eq n1{' ' * 16_000}.*", False),
    ],
)
def test_a_filter_selects_what_it_describes(text: str, matches: bool) -> None:
    assert compiled(text)(BODY) is matches


@pytest.mark.parametrize("text", ["name eq (", 'name eq "["', "name eq " + "a" * 20_000])
def test_an_invalid_filter_is_refused_briefly(text: str) -> None:
    with pytest.raises(CloudError) as caught:
        compiled(text)
    assert caught.value.code == 400
    assert len(caught.value.message) < 300
