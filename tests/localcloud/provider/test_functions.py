"""The provider's functions: each extracts its part, names what is missing, and never repeats its argument."""

from __future__ import annotations

import pytest
from localcloud.provider.functions import BadArgument, call
from localcloud.provider.protocol.messages import classes

from tests.localcloud.provider.core import Core, Misused

LINK = "https://www.googleapis.com/compute/v1/projects/one/zones/europe-west1-b/instances/two"


@pytest.mark.parametrize(
    ("function", "argument", "result"),
    [
        ("location_from_id", "projects/one/locations/eu/services/two", "eu"),
        ("name_from_id", LINK, "two"),
        ("name_from_id", "projects/one/secrets/line\n", "line\n"),
        ("project_from_id", "//run.googleapis.com/projects/one/projects/two/", "one"),
        ("region_from_id", "projects/one/regions/europe-west4/subnetworks/two", "europe-west4"),
        ("region_from_zone", "europe-west1-b", "europe-west1"),
        ("region_from_zone", "--", "-"),
        ("zone_from_id", LINK, "europe-west1-b"),
    ],
)
def test_a_function_returns_the_part_in_its_name(offline: Core, function: str, argument: str, result: str) -> None:
    assert offline.called(function, argument) == result


@pytest.mark.parametrize(
    ("function", "argument"),
    [
        ("location_from_id", "projects/one/locations/eu"),
        ("name_from_id", "projects/one/"),
        ("project_from_id", "projects//secrets/two"),
        ("region_from_id", LINK),
        ("region_from_zone", ""),
        ("region_from_zone", "europe-west1"),
        ("zone_from_id", "zones/"),
    ],
)
def test_an_argument_without_that_part_is_refused_as_the_first(offline: Core, function: str, argument: str) -> None:
    with pytest.raises(Misused, match="it must contain") as error:
        offline.called(function, argument)
    assert error.value.argument == 0


def test_a_refusal_does_not_show_the_argument() -> None:
    with pytest.raises(BadArgument) as error:
        call("project_from_id", "hush-hush")
    assert "hush" not in str(error.value)


def test_both_function_rpcs_return_the_same_functions(offline: Core) -> None:
    answer = offline.servicer.get_functions(classes()["GetFunctions.Request"](), offline.peer)
    schema = classes()["GetProviderSchema.Response"].FromString(
        offline.servicer.get_provider_schema(classes()["GetProviderSchema.Request"](), offline.peer)
    )
    assert answer.functions == schema.functions
    assert {name: [one.name for one in said.parameters] for name, said in answer.functions.items()} == {
        "location_from_id": ["id"],
        "name_from_id": ["id"],
        "project_from_id": ["id"],
        "region_from_id": ["id"],
        "region_from_zone": ["zone"],
        "zone_from_id": ["id"],
    }
