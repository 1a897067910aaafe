variable "path" {
  description = "Path of the environment file; its name is the environment's name."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,30}\\.yaml$", basename(var.path)))
    error_message = "The environment file must be named NAME.yaml, NAME having at most 31 lower-case letters, digits and dashes and beginning with a letter."
  }
}

variable "values" {
  description = "What the environment file says, decoded."
  type = object({
    budget = optional(object({
      amount          = number
      billing_account = string
      currency        = optional(string, "USD")
    }))
    buckets = optional(map(object({
      dvc           = optional(bool, false)
      force_destroy = optional(bool, false)
      noncurrent_versions = optional(object({
        days = optional(number, 30)
        keep = optional(number, 3)
      }), {})
      soft_delete_days = optional(number, 0)
      storage_class    = optional(string, "STANDARD")
      versioning       = optional(bool)
    })), {})
    github = optional(object({
      branch        = optional(string, "main")
      owner_id      = string
      pool          = optional(string, "github")
      repository    = string
      repository_id = optional(string)
    }))
    identities = optional(map(object({
      buckets       = optional(map(string), {})
      description   = string
      project_roles = optional(set(string), [])
      repositories  = optional(map(string), {})
      users         = optional(set(string), [])
    })), {})
    labels = optional(map(string), {})
    members = optional(map(object({
      role = string
      type = optional(string, "user")
    })), {})
    project   = string
    protected = optional(bool, false)
    region    = string
    repositories = optional(map(object({
      delete_after_days = optional(number, 30)
      description       = optional(string, "Docker images")
      keep              = optional(number, 5)
    })), {})
    secrets = optional(map(object({
      readers = optional(set(string), [])
    })), {})
  })

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.values.project))
    error_message = "project must have 6 to 30 lower-case letters, digits and dashes, begin with a letter and not end with a dash."
  }

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.values.region))
    error_message = "region must be a region of Google Cloud, such as europe-west1."
  }

  validation {
    condition = alltrue(flatten([
      for identity in values(var.values.identities) : [
        for access in concat(values(identity.buckets), values(identity.repositories)) : contains(["read", "write"], access)
      ]
    ]))
    error_message = "The access of an identity to a bucket or repository must be read or write."
  }

  validation {
    condition = alltrue(flatten([
      for identity in values(var.values.identities) : [
        for bucket in keys(identity.buckets) : contains(keys(var.values.buckets), bucket)
      ]
    ]))
    error_message = "The buckets of an identity must be among the buckets of the environment: ${join(", ", keys(var.values.buckets))}."
  }

  validation {
    condition = alltrue(flatten([
      for identity in values(var.values.identities) : [
        for repository in keys(identity.repositories) : contains(keys(var.values.repositories), repository)
      ]
    ]))
    error_message = "The repositories of an identity must be among the repositories of the environment: ${join(", ", keys(var.values.repositories))}."
  }

  validation {
    condition = alltrue(flatten([
      for secret in values(var.values.secrets) : [
        for reader in secret.readers : contains(keys(var.values.identities), reader)
      ]
    ]))
    error_message = "The readers of a secret must be among the identities of the environment: ${join(", ", keys(var.values.identities))}."
  }
}
