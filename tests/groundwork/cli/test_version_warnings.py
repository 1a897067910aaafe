"""What Google's packages say of an old Python is kept off the commands, unless somebody asks Python for it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

_LATER = """
import datetime


class Later(datetime.date):
    @classmethod
    def today(cls):
        return cls(2040, 1, 1)


datetime.date = Later
from groundwork import cli

cli.mute_version_warnings()
import google.cloud.secretmanager
"""


@pytest.mark.parametrize(("asked", "told"), [((), False), (("-W", "default"), True)])
def test_a_python_whose_support_ends_is_told_to_who_asks_alone(asked: tuple[str, ...], told: bool) -> None:
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONWARNINGS"}
    done = subprocess.run(
        [sys.executable, *asked, "-c", _LATER], env=variables, capture_output=True, text=True, check=True
    )
    assert ("Python version" in done.stderr) is told, done.stderr
