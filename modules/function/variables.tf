variable "builder" {
  description = "The account that builds the function, and the full name of the repository of Docker images that it pushes to."
  type = object({
    repository      = string
    service_account = string
  })

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]*@[a-z0-9.-]+\\.iam\\.gserviceaccount\\.com$", var.builder.service_account))
    error_message = "The service account must be the e-mail address of an account of its own, such as groundwork-build@my-project.iam.gserviceaccount.com; the default accounts of Compute Engine and App Engine are not allowed."
  }

  validation {
    condition     = can(regex("^projects/[^/\\s]+/locations/[^/\\s]+/repositories/[^/\\s]+$", var.builder.repository))
    error_message = "The repository must be written with its full name, such as projects/my-project/locations/europe-west1/repositories/images."
  }
}

variable "code" {
  description = "The code: path of a zip archive on this machine, the bucket to keep it in, the function in it that is called, and its runtime. The name of the archive must change with its content, as `groundwork` makes it do."
  type = object({
    archive     = string
    bucket      = string
    entry_point = string
    runtime     = optional(string, "python312")
  })

  validation {
    condition     = can(regex("^[a-z]+[0-9]+$", var.code.runtime))
    error_message = "The runtime must be a language and its version, such as python312."
  }

  validation {
    condition     = can(regex("^[A-Za-z_][A-Za-z0-9_.-]{0,127}$", var.code.entry_point))
    error_message = "The entry point must be the name of a function, such as preprocess."
  }
}

variable "event" {
  description = "Event in a bucket that starts the function: finalized, deleted, archived or metadataUpdated. `location` is the bucket's; `service_account` delivers the events, and needs roles/eventarc.eventReceiver in the project. With `retry`, a failed event is delivered again for up to a day. Without an event, the function answers requests."
  type = object({
    bucket          = string
    location        = string
    retry           = optional(bool, false)
    service_account = string
    type            = optional(string, "finalized")
  })
  default = null

  validation {
    condition     = var.event == null ? true : contains(["archived", "deleted", "finalized", "metadataUpdated"], var.event.type)
    error_message = "The type of an event must be finalized, deleted, archived or metadataUpdated."
  }

  validation {
    condition     = var.event == null ? true : can(regex("^[a-z][a-z0-9-]*@[a-z0-9.-]+\\.iam\\.gserviceaccount\\.com$", var.event.service_account))
    error_message = "The service account of an event must be the e-mail address of an account of its own, such as groundwork-events@my-project.iam.gserviceaccount.com."
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

variable "limits" {
  description = "CPUs and memory of an instance, the number of requests or events that it handles at once, and the seconds that each may take."
  type = object({
    concurrency     = optional(number, 1)
    cpu             = optional(number, 1)
    memory          = optional(string, "512Mi")
    timeout_seconds = optional(number, 60)
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains([1, 2, 4, 6, 8], var.limits.cpu) && can(regex("^[0-9]+(Mi|Gi)$", var.limits.memory))
    error_message = "cpu must be 1, 2, 4, 6 or 8, and memory must be written as 512Mi or 2Gi."
  }

  validation {
    condition     = var.limits.concurrency >= 1 && var.limits.concurrency <= 1000 && var.limits.timeout_seconds >= 1 && var.limits.timeout_seconds <= 3600
    error_message = "concurrency must be from 1 to 1000, and timeout_seconds from 1 to 3600."
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
  description = "Name of the function, and of its service in Cloud Run."
  type        = string

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,47}[a-z0-9])?$", var.name))
    error_message = "The name must have 1 to 49 lower-case letters, digits and dashes, begin with a letter and not end with a dash."
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

variable "public" {
  description = "Whether anybody may call the function, without a token. Otherwise only members with roles/run.invoker in iam."
  type        = bool
  default     = false
  nullable    = false
}

variable "scaling" {
  description = "The minimum number of instances, which are billed while idle, and the maximum."
  type = object({
    max = optional(number, 3)
    min = optional(number, 0)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.scaling.min >= 0 && var.scaling.max >= 1 && var.scaling.min <= var.scaling.max && var.scaling.max <= 100
    error_message = "min must be from 0 to max, and max from 1 to 100."
  }
}

variable "service_account" {
  description = "E-mail address of the account that the function runs as."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]*@[a-z0-9.-]+\\.iam\\.gserviceaccount\\.com$", var.service_account))
    error_message = "The service account must be the e-mail address of an account of its own, such as groundwork-function@my-project.iam.gserviceaccount.com; the default accounts of Compute Engine and App Engine are not allowed."
  }
}

variable "variables" {
  description = "Environment variables: `env` with their values, and `secrets` with the names of secrets of the project, of which they get the latest value."
  type = object({
    env     = optional(map(string), {})
    secrets = optional(map(string), {})
  })
  default  = {}
  nullable = false

  validation {
    condition     = length(setintersection(keys(var.variables.env), keys(var.variables.secrets))) == 0
    error_message = "A variable must be in env or in secrets, not in both."
  }
}
