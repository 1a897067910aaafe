"""Page tokens."""

import pytest
from localcloud.engine.paging import after, size, token
from localcloud.errors import CloudError


def test_a_token_leads_back_to_where_the_page_ended() -> None:
    assert after(token("projects/p/secrets/ä", "q"), "q") == "projects/p/secrets/ä"
    assert after("", "q") == ""


@pytest.mark.parametrize("text", [token("x", "another list"), "nonsense", "e30"])
def test_a_token_of_another_list_is_refused(text: str) -> None:
    with pytest.raises(CloudError, match="begin again without pageToken"):
        after(text, "q")


def test_sizes_have_a_usual_and_a_largest_value() -> None:
    assert [size(None, 50, 200), size(0, 50, 200), size(7, 50, 200), size(999, 50, 200)] == [50, 50, 7, 200]
    with pytest.raises(CloudError, match="negative"):
        size(-1, 50, 200)
