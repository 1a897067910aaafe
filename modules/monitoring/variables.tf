variable "alerts" {
  description = "When to alert: above this share of requests that end in a 5xx error, above this 95th percentile of latency in milliseconds, above this share of the memory limit, when a job fails, and at every deployment of a service."
  type = object({
    errors     = optional(number, 0.05)
    jobs       = optional(bool, true)
    latency_ms = optional(number, 2000)
    memory     = optional(number, 0.9)
    revisions  = optional(bool, false)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.alerts.errors > 0 && var.alerts.errors <= 1 && var.alerts.memory > 0 && var.alerts.memory <= 1
    error_message = "errors and memory must be above 0, and at most 1: 0.05 is one request in twenty."
  }

  validation {
    condition     = var.alerts.latency_ms > 0 && var.alerts.latency_ms <= 3600000
    error_message = "latency_ms must be above 0, and at most 3600000, which is an hour."
  }
}

variable "jobs" {
  description = "Names of the Cloud Run jobs to watch."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for job in var.jobs : can(regex("^[a-z]([a-z0-9-]{0,47}[a-z0-9])?$", job))])
    error_message = "The jobs must be names of Cloud Run jobs, with 1 to 49 lower-case letters, digits and dashes."
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

variable "name" {
  description = "Name of the environment, with which the names of alerts and the dashboard begin."
  type        = string

  validation {
    condition     = length(var.name) >= 1 && length(var.name) <= 60
    error_message = "The name must have 1 to 60 characters."
  }
}

variable "notify" {
  description = "E-mail addresses that get every alert, of people or of groups."
  type        = set(string)

  validation {
    condition     = length(var.notify) >= 1 && length(var.notify) <= 16 && alltrue([for address in var.notify : can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", address))])
    error_message = "There must be 1 to 16 e-mail addresses, such as team@example.com."
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

variable "services" {
  description = "Names of the Cloud Run services to watch, functions included."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for service in var.services : can(regex("^[a-z]([a-z0-9-]{0,47}[a-z0-9])?$", service))])
    error_message = "The services must be names of Cloud Run services, with 1 to 49 lower-case letters, digits and dashes."
  }
}

variable "uptime" {
  description = "Pages to call from several continents every five minutes, by name: host and path."
  type = map(object({
    host = string
    path = optional(string, "/")
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for page in values(var.uptime) : can(regex("^[a-z0-9.-]+$", page.host)) && startswith(page.path, "/")])
    error_message = "The host must be a name such as backend-abc.a.run.app, without https://, and the path must begin with a slash."
  }
}
