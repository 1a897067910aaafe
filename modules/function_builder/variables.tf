variable "account" {
  description = "E-mail address of the account that builds functions."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]*@[a-z0-9.-]+\\.iam\\.gserviceaccount\\.com$", var.account))
    error_message = "The account must be the e-mail address of an account of its own, such as groundwork-build@my-project.iam.gserviceaccount.com; the default accounts of Compute Engine and App Engine are not allowed."
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
