variable "buckets" {
  description = "Buckets mounted as folders, /gcs/BUCKET as in a Vertex AI training job: by name, whether read-only."
  type = map(object({
    read_only = optional(bool, true)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for name in keys(var.buckets) : can(regex("^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$", name))])
    error_message = "Each bucket must be named as Cloud Storage does, with 3 to 63 lower-case letters, digits, dashes and underscores."
  }
}

variable "container" {
  description = "The container. `image` applies until a build deploys another; from then on builds decide. `secrets` maps variables to secrets."
  type = object({
    args    = optional(list(string), [])
    command = optional(list(string), [])
    cpu     = optional(number, 1)
    env     = optional(map(string), {})
    image   = optional(string, "us-docker.pkg.dev/cloudrun/container/job")
    memory  = optional(string, "2Gi")
    secrets = optional(map(object({
      secret  = string
      version = optional(string, "latest")
    })), {})
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains([1, 2, 4, 6, 8], var.container.cpu) && can(regex("^[0-9]+(Mi|Gi)$", var.container.memory))
    error_message = "cpu must be 1, 2, 4, 6 or 8, and memory must be written as 512Mi or 2Gi."
  }

  validation {
    # Memory in another form is reported by the validation above.
    condition     = can(regex("^[0-9]+Gi$", var.container.memory)) ? tonumber(trimsuffix(var.container.memory, "Gi")) <= 4 * var.container.cpu : true
    error_message = "The memory must be at most 4Gi for each cpu; Cloud Run refuses more."
  }

  validation {
    condition     = length(setintersection(keys(var.container.env), ["PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION", "CLOUD_RUN_JOB", "CLOUD_RUN_EXECUTION", "CLOUD_RUN_TASK_INDEX", "CLOUD_RUN_TASK_ATTEMPT", "CLOUD_RUN_TASK_COUNT"])) == 0
    error_message = "Variables that Cloud Run sets itself, such as PORT and K_SERVICE, are not allowed in env."
  }

  validation {
    condition     = length(setintersection(keys(var.container.env), keys(var.container.secrets))) == 0
    error_message = "A variable must be in env or in secrets, not in both."
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

variable "location" {
  description = "Region, for example europe-west1."
  type        = string

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.location))
    error_message = "The location must be a region such as europe-west1."
  }
}

variable "name" {
  description = "Name of the job."
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

variable "service_account" {
  description = "E-mail address of the account that the job runs as."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]*@[a-z0-9.-]+\\.iam\\.gserviceaccount\\.com$", var.service_account))
    error_message = "The service account must be the e-mail address of an account of its own, such as groundwork-serve@my-project.iam.gserviceaccount.com; the default accounts of Compute Engine and App Engine are not allowed."
  }
}

variable "tasks" {
  description = "The number of tasks of an execution, the retries of a failed task, and the seconds that an attempt may take."
  type = object({
    count           = optional(number, 1)
    retries         = optional(number, 1)
    timeout_seconds = optional(number, 3600)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.tasks.count >= 1 && var.tasks.count <= 10000 && var.tasks.retries >= 0 && var.tasks.retries <= 10
    error_message = "count must be from 1 to 10000, and retries from 0 to 10."
  }

  validation {
    condition     = var.tasks.timeout_seconds >= 1 && var.tasks.timeout_seconds <= 604800
    error_message = "timeout_seconds must be from 1 to 604800, seven days."
  }
}
