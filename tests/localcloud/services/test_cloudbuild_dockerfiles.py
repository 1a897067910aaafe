"""The images that a Dockerfile names, and the names that are refused."""

from __future__ import annotations

import pytest
from localcloud.containers.workload import RuntimeProblem, check
from localcloud.services.cloudbuild import dockerfiles


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("FROM python:3.12 AS ace\nFROM ace\nCOPY --from=0 a b\nCOPY --from=ACE a b\n", {"python:3.12"}),
        ("from \\\n  a/b\n", {"a/b"}),
        ("# escape=`\nFROM `\n  a/b\n", {"a/b"}),
        ("FROM --platform=$BUILDPLATFORM go\nRUN --network=none --mount=type=bind,from=tools,target=/t x --from=12\n", {"go", "tools"}),
        ("ARG V=3.12\nFROM python:$V\nONBUILD COPY --chown=1 --from=x/y a b\n", {"python:3.12", "x/y"}),
        ("FROM go\nRUN python <<E\nfrom abc import ABC\nE\n", {"go"}),
        ("ARG BASE=python:3.12\nFROM ${BASE}\n", {"python:3.12"}),
        ("ARG A=p B=${A}ython\nARG C\nFROM '$B${C:+x}':${C:-3}\nARG B=2\nFROM $B\n", {"python:3", "python"}),
        ("FROM tools-$TARGETARCH\n", set()),
    ],
)  # fmt: skip
def test_images_are_found_wherever_a_dockerfile_names_one(text: str, found: set[str]) -> None:
    assert dockerfiles.images(text, {}) == found


@pytest.mark.parametrize(
    "text",
    [
        "FROM 3f2\n",
        "FROM sha256:3f2\n",
        'FROM "3f"2\n',
        "FROM \\\n3f2\n",
        "FROM $A\n",
        "FROM $TARGETARCH\n",
        "FROM go\nCOPY --from=$A a b\n",
        "FROM ${A:-${B}}\n",
        "ARG A=3f\nFROM ${A}2\n",
        "ARG A=python\nARG A=3f2\nFROM $A\n",
        "ARG A=python\nFROM 3f2${B:+$A}\n",
        "FROM go\nCOPY --from=3f2 a b\n",
        "FROM go\nRUN --mount=type=bind,from=3f2 true\n",
        "FROM go\nONBUILD COPY --from=3f2 a b\n",
    ],
)
def test_what_could_mean_any_image_of_this_machine_is_refused(text: str) -> None:
    with pytest.raises(RuntimeProblem, match="could mean any image on this machine"):
        dockerfiles.images(text, {})


def test_an_argument_of_the_build_may_name_the_image() -> None:
    assert dockerfiles.images("ARG A\nFROM $A\n", {"A": "python:3.12"}) == {"python:3.12"}
    with pytest.raises(RuntimeProblem):
        dockerfiles.images("ARG A=python:3.12\nFROM $A\n", {"A": "3f2"})


def test_an_id_is_no_image_name() -> None:
    with pytest.raises(RuntimeProblem, match="not a valid image name"):
        check("sha256:3f2")
