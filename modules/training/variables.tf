variable "force_destroy" {
  description = "Whether destroying the staging bucket deletes its objects."
  type        = bool
  default     = true
  nullable    = false
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

variable "labels" {
  description = "Labels, for example to tell costs apart."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition = alltrue([
      for key, value in var.labels : can(regex("^[a-z][a-z0-9_-]{0,62}$", key)) && can(regex("^[a-z0-9_-]{0,63}$", value))
    ])
    error_message = "Label keys and values must have at most 63 lower-case letters, digits, dashes and underscores; keys begin with a letter."
  }
}

variable "location" {
  description = "Region, for example europe-west1."
  type        = string

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.location))
    error_message = "The location must be a region such as europe-west1."
  }
}

variable "name" {
  description = "Globally unique name of the staging bucket; begin it with the project ID."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9_-]{1,61}[a-z0-9]$", var.name)) && !can(regex("^goog|google", var.name))
    error_message = "The bucket name must have 3 to 63 lower-case letters, digits, dashes and underscores, begin and end with a letter or digit, and contain neither goog at its beginning nor google."
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

variable "tensorboard" {
  description = "Name of a TensorBoard to create, which is billed by the GiB; null for none."
  type        = string
  default     = null

  validation {
    condition     = var.tensorboard == null || (length(coalesce(var.tensorboard, "-")) <= 128)
    error_message = "The TensorBoard name must have at most 128 characters."
  }
}
