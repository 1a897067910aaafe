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


def test_a_block_without_an_end_names_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "variables.tf").write_text('\nvariable "x" {\n  type = string\n  }\n')
    with pytest.raises(GroundworkError, match=r"variables\.tf:2: this block does not end; run `terraform fmt`"):
        read_module(tmp_path)
