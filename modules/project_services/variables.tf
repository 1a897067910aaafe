variable "project_id" {
  description = "Project ID."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "The project id must have 6 to 30 lower-case letters, digits and dashes, begin with a letter and not end with a dash."
  }
}

variable "services" {
  description = "Full names of the APIs to enable."
  type        = set(string)
  nullable    = false

  validation {
    condition = alltrue([
      for service in var.services : can(regex("^[a-z0-9-]+\\.googleapis\\.com$", service))
    ])
    error_message = "Each service must be the full name of an API, such as secretmanager.googleapis.com."
  }

  validation {
    condition     = !contains(var.services, "containerscanning.googleapis.com")
    error_message = "Every service but containerscanning.googleapis.com is allowed: it bills each image that is pushed."
  }
}
