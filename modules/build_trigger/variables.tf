variable "build" {
  description = "The build, if the repository has no build config file: build `image` from `dockerfile` in `dir` with the latest image as layer cache, push it tagged with the commit and latest, and deploy it to Cloud Run services and jobs. `secrets` maps variables of the build to secrets, which the Dockerfile mounts by ID."
  type = object({
    build_args      = optional(map(string), {})
    dir             = optional(string, ".")
    dockerfile      = optional(string, "Dockerfile")
    image           = string
    jobs            = optional(set(string), [])
    machine_type    = optional(string)
    secrets         = optional(map(string), {})
    services        = optional(set(string), [])
    timeout_minutes = optional(number, 30)
  })
  default = null

  validation {
    condition     = alltrue([for build in var.build[*] : can(regex("^[a-z0-9-]+-docker\\.pkg\\.dev/[^/\\s]+/[^/\\s]+/[a-z0-9._/-]+$", build.image))])
    error_message = "The image must be in Artifact Registry and without a tag, such as europe-west1-docker.pkg.dev/my-project/images/api."
  }

  validation {
    condition     = alltrue([for build in var.build[*] : contains(["E2_MEDIUM", "E2_HIGHCPU_8", "E2_HIGHCPU_32", "N1_HIGHCPU_8", "N1_HIGHCPU_32"], coalesce(build.machine_type, "E2_MEDIUM"))])
    error_message = "The machine type must be E2_MEDIUM, E2_HIGHCPU_8, E2_HIGHCPU_32, N1_HIGHCPU_8 or N1_HIGHCPU_32, or left out for Cloud Build's own, which has free minutes."
  }

  validation {
    condition     = alltrue([for build in var.build[*] : build.timeout_minutes >= 1 && build.timeout_minutes <= 1440 && floor(build.timeout_minutes) == build.timeout_minutes])
    error_message = "timeout_minutes must be a whole number from 1 to 1440."
  }

  validation {
    condition     = alltrue(flatten([for build in var.build[*] : [for name, secret in build.secrets : can(regex("^[A-Z][A-Z0-9_]*$", name)) && can(regex("^[A-Za-z0-9_-]{1,255}$", secret))]]))
    error_message = "Each of the secrets must be a variable in capital letters, digits and underscores, and the name of a secret of the project."
  }
}

variable "description" {
  description = "One line on what is built."
  type        = string
  default     = "Builds an image"
  nullable    = false
}

variable "event" {
  description = "What starts the build: a push to a `branch` or of a `tag`, as a regular expression; with neither, it is started by hand and builds `head` by default."
  type = object({
    branch = optional(string)
    head   = optional(string, "main")
    tag    = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.event.branch == null || var.event.tag == null
    error_message = "The event must be a branch or a tag, not both."
  }
}

variable "file" {
  description = "Path of a build config file in the repository, such as cloudbuild.yaml, instead of `build`. It must set options.logging to CLOUD_LOGGING_ONLY, without which a build with its own account is refused."
  type        = string
  default     = null

  validation {
    condition     = var.file == null || can(regex("^[A-Za-z0-9._-][A-Za-z0-9._/-]*\\.(json|yaml|yml)$", coalesce(var.file, "-")))
    error_message = "The file must be the path of a JSON or YAML file in the repository, such as cloudbuild.yaml."
  }
}

variable "included_files" {
  description = "Globs of the files whose changes start the build; empty for all files."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for glob in var.included_files : glob != ""])
    error_message = "Each of the included files must be a glob such as backend/**."
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
  description = "Name of the trigger."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$", var.name))
    error_message = "The trigger name must have 1 to 64 lower-case letters, digits and dashes, and a letter or digit at both ends."
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

variable "repository" {
  description = "Full name of the connected repository, as output by github_connection."
  type        = string

  validation {
    condition     = can(regex("^projects/[^/\\s]+/locations/[^/\\s]+/connections/[^/\\s]+/repositories/[^/\\s]+$", var.repository))
    error_message = "The repository must be written as projects/my-project/locations/europe-west1/connections/github/repositories/team-cats."
  }
}

variable "service_account" {
  description = "E-mail address of the account that builds: always a dedicated one, since Cloud Build would otherwise use Compute Engine's default account."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]*@[a-z0-9.-]+\\.iam\\.gserviceaccount\\.com$", var.service_account))
    error_message = "The service account must be the e-mail address of an account of its own, such as groundwork-serve@my-project.iam.gserviceaccount.com; the default accounts of Compute Engine and App Engine are not allowed."
  }
}

variable "substitutions" {
  description = "Values of the build's substitutions, whose names begin with an underscore."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name in keys(var.substitutions) : can(regex("^_[A-Z0-9_]+$", name))])
    error_message = "The name of a substitution must begin with an underscore and have capital letters, digits and underscores."
  }
}
