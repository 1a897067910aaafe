"""A small clone with three secrets for each test."""

from __future__ import annotations

from pathlib import Path

import pytest
from groundwork.environment.checkout import Checkout

from tests.small_clone import SmallClone, make_clone


@pytest.fixture
def clone(tmp_path: Path, local_clone: Checkout) -> SmallClone:
    """Secrets wandb-api-key, kaggle-user and kaggle-key, all without a value."""
    return make_clone(tmp_path / "clone", local_clone, ["wandb-api-key", "kaggle-user", "kaggle-key"])
