variable "description" {
  description = "One line on what the role is for."
  type        = string

  validation {
    condition     = length(var.description) >= 1 && length(var.description) <= 256
    error_message = "The description must have 1 to 256 characters."
  }
}

variable "name" {
  description = "Name of the role; a deleted role keeps its name for 37 days."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_.]{3,64}$", var.name))
    error_message = "The role name must have 3 to 64 letters, digits, dots and underscores."
  }
}

variable "permissions" {
  description = "Permissions of the role."
  type        = set(string)

  validation {
    condition = length(var.permissions) > 0 && alltrue([
      for permission in var.permissions : can(regex("^[a-z]+([.][A-Za-z]+){2,}$", permission))
    ])
    error_message = "The permissions must be written as storage.buckets.get, and be at least one."
  }

  validation {
    condition = alltrue([
      for permission in var.permissions : !endswith(permission, ".setIamPolicy") && !contains(["iam.serviceAccounts.actAs", "iam.serviceAccounts.getAccessToken", "iam.serviceAccounts.signBlob", "iam.serviceAccounts.signJwt", "iam.serviceAccountKeys.create"], permission)
    ])
    error_message = "The permissions to act as accounts, to make keys and to set policies are not allowed: granted in the project they are as good as every role of every account."
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

variable "title" {
  description = "Title of the role, shown in lists."
  type        = string

  validation {
    condition     = length(var.title) >= 1 && length(var.title) <= 100
    error_message = "The title must have 1 to 100 characters."
  }
}
