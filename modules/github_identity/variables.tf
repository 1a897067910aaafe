variable "branch" {
  description = "Branch whose deploying workflow is the principal `main`."
  type        = string
  default     = "main"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9._/-]+$", var.branch))
    error_message = "The branch must be the name of one branch, of letters, digits, dots, dashes, underscores and slashes."
  }
}

variable "name" {
  description = "Name of the identity pool; a deleted pool keeps its name for 30 days."
  type        = string
  default     = "github"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,30}[a-z0-9]$", var.name)) && !startswith(var.name, "gcp-")
    error_message = "The pool name must have 4 to 32 lower-case letters, digits and dashes, begin with a letter but not with gcp-, and not end with a dash."
  }
}

variable "owner_id" {
  description = "Number of the repository's owner on GitHub (see `gh api users/OWNER --jq .id`)."
  type        = string

  validation {
    condition     = can(regex("^[0-9]+$", var.owner_id))
    error_message = "The owner id must be a number, in quotes."
  }
}

variable "project_id" {
  description = "Project ID."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "The project id must have 6 to 30 lower-case letters, digits and dashes, begin with a letter and not end with a dash."
  }
}

variable "repository" {
  description = "Repository on GitHub, as owner/name."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+$", var.repository))
    error_message = "The repository must be owner/name, without a host."
  }
}

variable "repository_id" {
  description = "Number of the repository on GitHub (see `gh api repos/OWNER/NAME --jq .id`); without it the name is compared, ignoring case."
  type        = string
  default     = null

  validation {
    condition     = var.repository_id == null || can(regex("^[0-9]+$", var.repository_id))
    error_message = "The repository id must be a number, in quotes."
  }
}

variable "workflow" {
  description = "File in .github/workflows of the workflow that is the principal `main`."
  type        = string
  default     = "apply.yml"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_-][A-Za-z0-9._-]*\\.ya?ml$", var.workflow))
    error_message = "The workflow must be the name of a file in .github/workflows, such as apply.yml."
  }
}
