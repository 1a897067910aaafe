"""Reading a Terraform module's variables, outputs and resources."""

from __future__ import annotations

from pathlib import Path

import pytest
from groundwork.errors import GroundworkError
from groundwork.terraform.hcl import Module, OutputBlock, Variable, read_module

VARIABLES = """\
variable "iam" {
  description = "Who \\"gets\\" what."
  type = map(object({
    condition = optional(object({
      title = string
    }))
    member = string
  }))
  default  = {}
  nullable = false

  validation {
    condition     = true
    error_message = "description = \\"not this one\\"."
  }
}

variable "name" {
  description = "Name."
  type        = string
}

variable "numbers" {
  description = "Numbers."
  type        = list(number)
  default = [
    1,
    2,
  ]
}
"""


def test_a_module_is_read_with_types_and_defaults_on_one_line(tmp_path: Path) -> None:
    (tmp_path / "variables.tf").write_text(VARIABLES)
    (tmp_path / "outputs.tf").write_text('output "url" {\n  description = "Where."\n  value       = 1\n}\n')
    (tmp_path / "main.tf").write_text(
        'resource "google_b" "one" {\n  x = 1\n}\n\nresource "google_a" "two" {\n  y {\n  }\n}\n\nresource "google_b" "three" {\n}\n'
    )
    iam = "map(object({ condition = optional(object({ title = string })), member = string }))"
    assert read_module(tmp_path) == Module(
        variables=(
            Variable("iam", 'Who "gets" what.', iam, "{}"),
            Variable("name", "Name.", "string", None),
            Variable("numbers", "Numbers.", "list(number)", "[ 1, 2 ]"),
        ),
        outputs=(OutputBlock("url", "Where."),),
        resources=("google_a", "google_b"),
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('\nvariable "x" {\n  type = string\n', 4),
        ('output "x" {\n  value = (1\n}\n', 3),
        ('output "x" {\n  value = 1\n}\n}\n', 4),
    ],
)
def test_what_is_not_hcl_is_reported_with_file_and_line(text: str, line: int, tmp_path: Path) -> None:
    (tmp_path / "variables.tf").write_text(text)
    with pytest.raises(
        GroundworkError, match=rf"variables\.tf:{line}: this is not valid HCL; `terraform fmt` says why"
    ):
        read_module(tmp_path)


def test_a_file_need_not_be_formatted(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text('output  "url" { value = 1 }\n  variable "x" {\n    # Why.\n  type=string\n}\n')
    assert read_module(tmp_path) == Module((Variable("x", "", "string", None),), (OutputBlock("url", ""),), ())
