"""Build config files from a repository: parsed as YAML, within limits."""

from __future__ import annotations

import pytest
from localcloud.errors import CloudError
from localcloud.services.cloudbuild import recipes

SIZE = "it must be a mapping of a reasonable size"


def test_aliases_and_merges_are_resolved() -> None:
    text = "x: &x {name: a, env: [B=c]}\nsteps: [{<<: *x, args: [1, 2020-01-01]}, *x]"
    first, second = recipes.yaml(text, "cloudbuild.yaml")["steps"]
    assert first == {"name": "a", "env": ["B=c"], "args": [1, "2020-01-01"]}
    assert second == {"name": "a", "env": ["B=c"]}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", SIZE),
        ("- a", SIZE),
        ("a: [", "while parsing a flow node"),
        ("[" * 1000, "recursion"),
        ("a: &a [*a]", "recursion"),
        ("a: 1\n---\nb: 2", "expected a single document"),
        ("a: 2020-99-99", "month must be in 1..12"),
        ("".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9) if n else 'x'}]\n" for n in range(30)), SIZE),
        ("".join(f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9) if n else '{x: 1}'}]}}\n" for n in range(30)), SIZE),
    ],
)  # fmt: skip
def test_an_invalid_build_is_refused_at_once(text: str, why: str) -> None:
    with pytest.raises(CloudError) as error:
        recipes.yaml(text, "cloudbuild.yaml")
    assert error.value.message.startswith("failed unmarshalling build config cloudbuild.yaml: ")
    assert why in error.value.message
