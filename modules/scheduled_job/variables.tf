variable "attempts" {
  description = "The seconds that Cloud Run may take to start the job, and how often starting it is retried. The job itself has retries of its own."
  type = object({
    deadline_seconds = optional(number, 180)
    retries          = optional(number, 1)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.attempts.deadline_seconds >= 15 && var.attempts.deadline_seconds <= 1800 && var.attempts.retries >= 0 && var.attempts.retries <= 5
    error_message = "deadline_seconds must be from 15 to 1800, and retries from 0 to 5."
  }
}

variable "job" {
  description = "Name of the Cloud Run job that it starts, in the same project and region."
  type        = string

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,47}[a-z0-9])?$", var.job))
    error_message = "The job must be the name of a Cloud Run job, with 1 to 49 lower-case letters, digits and dashes."
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
  description = "Name of the scheduled job, for example that of the job that it starts."
  type        = string

  validation {
    condition     = can(regex("^[a-zA-Z0-9_-]{1,500}$", var.name))
    error_message = "The name must have 1 to 500 letters, digits, dashes and underscores."
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

variable "schedule" {
  description = "When it starts the job: a cron expression of five fields, and the time zone in which it counts."
  type = object({
    cron      = string
    time_zone = optional(string, "Etc/UTC")
  })

  validation {
    # Cloud Scheduler has no L, W and #, as other programs do.
    condition     = can(regex("^([0-9*/,-]+ ){3}([0-9*/,-]|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)+ ([0-9*/,-]|SUN|MON|TUE|WED|THU|FRI|SAT)+$", var.schedule.cron))
    error_message = "The cron expression must have five fields, such as 0 6 * * 1 for Mondays at six, of numbers, names such as JAN and MON, and the signs * , - and /."
  }

  validation {
    condition     = can(regex("^[A-Za-z_]+(/[A-Za-z_+-]+[0-9]*)*$", var.schedule.time_zone))
    error_message = "The time zone must be a name of the tz database, such as Etc/UTC and Europe/Copenhagen."
  }
}

variable "service_account" {
  description = "E-mail address of the account that starts the job; roles/run.invoker on that job is all that it needs."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]*@[a-z0-9.-]+\\.iam\\.gserviceaccount\\.com$", var.service_account))
    error_message = "The service account must be the e-mail address of an account of its own, such as groundwork-serve@my-project.iam.gserviceaccount.com; the default accounts of Compute Engine and App Engine are not allowed."
  }
}
