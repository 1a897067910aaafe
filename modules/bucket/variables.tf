variable "dvc" {
  description = "Whether DVC keeps data here. If so, no rule ever deletes a version of an object, because old commits point to it."
  type        = bool
  default     = false
  nullable    = false
}

variable "force_destroy" {
  description = "Whether destroying the bucket deletes its objects; otherwise a bucket with objects is not destroyed."
  type        = bool
  default     = false
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

variable "incomplete_upload_days" {
  description = "Days after which an incomplete upload is removed."
  type        = number
  default     = 7
  nullable    = false

  validation {
    condition     = var.incomplete_upload_days >= 1 && floor(var.incomplete_upload_days) == var.incomplete_upload_days
    error_message = "incomplete_upload_days must be a whole number of days, at least 1."
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
  description = "Location, for example europe-west1."
  type        = string

  validation {
    condition     = can(regex("^[a-z]+(-[a-z]+[0-9]+)?$", var.location))
    error_message = "The location must be a region such as europe-west1, or a multi-region in lower case such as eu."
  }
}

variable "name" {
  description = "Globally unique name of the bucket; begin it with the project ID."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9_-]{1,61}[a-z0-9]$", var.name)) && !can(regex("^goog|google", var.name))
    error_message = "The bucket name must have 3 to 63 lower-case letters, digits, dashes and underscores, begin and end with a letter or digit, and contain neither goog at its beginning nor google."
  }
}

variable "noncurrent_versions" {
  description = "When noncurrent versions of an object are deleted: after `days`, and only if `keep` newer versions exist; null keeps all."
  type = object({
    days = number
    keep = number
  })
  default = null

  validation {
    condition = var.noncurrent_versions == null ? true : alltrue([
      for number in values(var.noncurrent_versions) : number >= 1 && floor(number) == number
    ])
    error_message = "noncurrent_versions must be null, or have days and keep as whole numbers of at least 1."
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

variable "soft_delete_days" {
  description = "Days for which deleted objects can be restored, and are billed; 0 turns this off."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.soft_delete_days == 0 || (var.soft_delete_days >= 7 && var.soft_delete_days <= 90)
    error_message = "soft_delete_days must be 0, or from 7 to 90."
  }
}

variable "storage_class" {
  description = "Storage class of new objects."
  type        = string
  default     = "STANDARD"
  nullable    = false

  validation {
    condition     = contains(["ARCHIVE", "COLDLINE", "NEARLINE", "STANDARD"], var.storage_class)
    error_message = "The storage class must be ARCHIVE, COLDLINE, NEARLINE or STANDARD."
  }
}

variable "versioning" {
  description = "Whether overwritten and deleted objects are kept as noncurrent versions."
  type        = bool
  default     = false
  nullable    = false
}
