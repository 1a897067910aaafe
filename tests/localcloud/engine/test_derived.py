"""What is computed from resources is computed again when they change, and does not grow without end."""

from collections import defaultdict

from localcloud.engine import derived
from localcloud.engine.derived import Derived


def test_it_is_computed_once_until_a_resource_of_that_service_changes() -> None:
    writes: defaultdict[str, int] = defaultdict(int)
    kept, made = Derived(writes), iter(range(9))
    assert [kept.of("a", "x", lambda: next(made)) for _ in range(2)] == [0, 0]
    writes["b"] += 1
    assert kept.of("a", "x", lambda: next(made)) == 0
    writes["a"] += 1
    assert kept.of("a", "x", lambda: next(made)) == 1


def test_no_more_is_kept_than_many() -> None:
    kept, made = Derived(defaultdict(int)), []
    for number in range(2 * derived.MOST):
        kept.of("a", number, lambda: made.append(None))
    kept.of("a", 2 * derived.MOST - 1, lambda: made.append(None))
    assert len(made) == 2 * derived.MOST
    kept.of("a", 0, lambda: made.append(None))
    assert len(made) == 2 * derived.MOST + 1
