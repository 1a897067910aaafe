variable "agent" {
  description = "E-mail address of Cloud Storage's service agent in the project, as the data source google_storage_project_service_account reads it."
  type        = string

  validation {
    condition     = can(regex("^[^@\\s]+@gs-project-accounts\\.iam\\.gserviceaccount\\.com$", var.agent))
    error_message = "The agent must be Cloud Storage's own, such as service-123456789012@gs-project-accounts.iam.gserviceaccount.com."
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
