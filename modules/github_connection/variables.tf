variable "installation" {
  description = "What Terraform creates the connection with: the ID of the Google Cloud Build app's installation on GitHub, and the secret version with a token of the user who installed it. Null if the connection was created by hand and is imported."
  type = object({
    app_installation_id  = number
    token_secret_version = string
  })
  default = null

  validation {
    condition     = alltrue([for installation in var.installation[*] : can(regex("^projects/[^/\\s]+/secrets/[^/\\s]+/versions/[^/\\s]+$", installation.token_secret_version))])
    error_message = "token_secret_version must be written as projects/my-project/secrets/github-token/versions/1."
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
  description = "Name of the connection."
  type        = string
  default     = "github"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$", var.name))
    error_message = "The connection name must have 1 to 63 lower-case letters, digits and dashes, begin with a letter and not end with a dash."
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

variable "repositories" {
  description = "Repositories on GitHub, as owner/name, whose pushes may start builds."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for repository in var.repositories : can(regex("^[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+$", repository))])
    error_message = "Each repository must be owner/name, without a host."
  }
}
