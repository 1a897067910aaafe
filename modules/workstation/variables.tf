variable "accelerator" {
  description = "GPUs of an n1 machine; null for none. Other machine types with GPUs have them built in."
  type = object({
    count = optional(number, 1)
    type  = string
  })
  default = null

  validation {
    condition     = alltrue([for gpu in var.accelerator[*] : contains([1, 2, 4, 8], gpu.count) && can(regex("^nvidia-[a-z0-9-]+$", gpu.type))])
    error_message = "The accelerator must have a type such as nvidia-tesla-t4, and its count must be 1, 2, 4 or 8."
  }
}

variable "disk_gb" {
  description = "Size of the disk in GB; it can grow later."
  type        = number
  default     = 50
  nullable    = false

  validation {
    condition     = var.disk_gb >= 10 && var.disk_gb <= 65536 && floor(var.disk_gb) == var.disk_gb
    error_message = "disk_gb must be a whole number from 10 to 65536."
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

variable "image" {
  description = "Image of the disk as PROJECT/FAMILY; by default Debian, and with a GPU Google's image with NVIDIA's drivers."
  type        = string
  default     = null

  validation {
    condition     = var.image == null || can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]/[a-z][a-z0-9-]{0,61}[a-z0-9]$", var.image))
    error_message = "The image must be written as PROJECT/FAMILY, such as debian-cloud/debian-12."
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
  description = "When it stops by itself: after so many minutes without SSH connection and without work, and after so many hours whatever it does."
  type = object({
    idle_minutes = optional(number, 60)
    max_hours    = optional(number, 12)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.limits.idle_minutes >= 5 && var.limits.idle_minutes <= 1440 && floor(var.limits.idle_minutes) == var.limits.idle_minutes
    error_message = "idle_minutes must be a whole number from 5 to 1440, a day."
  }

  validation {
    condition     = var.limits.max_hours >= 1 && var.limits.max_hours <= 168 && floor(var.limits.max_hours) == var.limits.max_hours
    error_message = "max_hours must be a whole number from 1 to 168, a week."
  }
}

variable "machine_type" {
  description = "Machine type."
  type        = string
  default     = "e2-standard-2"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9]*-[a-z]+(-[a-z0-9]+)?$", var.machine_type))
    error_message = "The machine_type must be one of Compute Engine's, such as e2-standard-2."
  }
}

variable "name" {
  description = "Name of the machine and of its disk."
  type        = string

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$", var.name))
    error_message = "The name must have 1 to 63 lower-case letters, digits and dashes, begin with a letter and not end with a dash."
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
  description = "E-mail address of the account whose permissions programs on it have."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]*@[a-z0-9.-]+\\.iam\\.gserviceaccount\\.com$", var.service_account))
    error_message = "The service account must be the e-mail address of an account of its own, such as groundwork-serve@my-project.iam.gserviceaccount.com; the default accounts of Compute Engine and App Engine are not allowed."
  }
}

variable "spot" {
  description = "Whether Google may stop it at any moment, for a lower price."
  type        = bool
  default     = false
  nullable    = false
}

variable "subnetwork" {
  description = "Full name of its subnetwork, which should let nobody in but IAP."
  type        = string

  validation {
    condition     = can(regex("^projects/[^/\\s]+/regions/[^/\\s]+/subnetworks/[^/\\s]+$", var.subnetwork))
    error_message = "The subnetwork must be a full name such as projects/my-project/regions/europe-west1/subnetworks/groundwork."
  }
}

variable "zone" {
  description = "Zone, for example europe-west1-b."
  type        = string

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+-[a-z]$", var.zone))
    error_message = "The zone must be one such as europe-west1-b."
  }
}
