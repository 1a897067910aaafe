variable "description" {
  description = "One line on what the account is for."
  type        = string

  validation {
    condition     = length(var.description) >= 1 && length(var.description) <= 256
    error_message = "The description must have 1 to 256 characters."
  }
}

variable "iam" {
  description = "Members by role. This is authoritative for these roles: anybody else who has one of them here loses it."
  type        = map(list(string))
  default     = {}
  nullable    = false

  validation {
    # One expression over all members joined by newlines: every call of regex compiles its pattern again.
    condition     = length(regexall("(?m)^((user|group|serviceAccount):[^@\\s]+@[^@\\s]+|principal(Set)?://iam\\.googleapis\\.com/\\S+);$", join("\n", [for member in flatten(values(var.iam)) : "${member};"]))) == length(flatten(values(var.iam)))
    error_message = "Each iam member must be user:, group: or serviceAccount: and an e-mail address, or a principal:// or principalSet:// of an identity pool; allUsers and allAuthenticatedUsers are not allowed."
  }

  validation {
    condition = alltrue([
      for role in keys(var.iam) : can(regex("^((projects|organizations)/[^/\\s]+/)?roles/[A-Za-z0-9_.]+$", role)) && !contains(["roles/editor", "roles/owner", "roles/viewer"], role)
    ])
    error_message = "Each iam role must be a predefined role such as roles/storage.objectViewer or a custom role with its full name; the basic roles owner, editor and viewer are not allowed."
  }
}

variable "name" {
  description = "Name of the account, the part of its e-mail address before the @."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.name))
    error_message = "The account name must have 6 to 30 lower-case letters, digits and dashes, begin with a letter and not end with a dash."
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

variable "project_roles" {
  description = "Roles of the account on the whole project; grant roles on a single bucket, repository or secret with that module's iam."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition = alltrue([
      for role in var.project_roles : can(regex("^((projects|organizations)/[^/\\s]+/)?roles/[A-Za-z0-9_.]+$", role)) && !contains(["roles/editor", "roles/owner", "roles/viewer"], role)
    ])
    error_message = "Each project role must be a predefined role such as roles/logging.logWriter or a custom role with its full name; the basic roles owner, editor and viewer are not allowed."
  }

  validation {
    condition = alltrue([
      for role in var.project_roles : !startswith(role, "roles/iam.serviceAccount") || contains(["roles/iam.serviceAccountAdmin", "roles/iam.serviceAccountViewer"], role)
    ])
    error_message = "Of the service account roles only roles/iam.serviceAccountAdmin and roles/iam.serviceAccountViewer are allowed in the whole project; grant the right to act as an account on that account."
  }
}
