variable "path" {
  description = "Path of the environment file; its name is the environment's name."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,30}\\.yaml$", basename(var.path)))
    error_message = "The environment file must be named NAME.yaml, NAME having at most 31 lower-case letters, digits and dashes and beginning with a letter."
  }
}

variable "values" {
  description = "The decoded environment file."
  type = object({
    alerts = optional(object({
      errors          = optional(number, 0.05)
      jobs            = optional(bool, true)
      latency_seconds = optional(number, 2)
      memory          = optional(number, 0.9)
      notify          = optional(set(string))
      revisions       = optional(bool, false)
      uptime          = optional(bool, false)
    }))
    budget = optional(object({
      amount          = number
      billing_account = optional(string)
      currency        = optional(string, "USD")
      notify          = optional(set(string), [])
      thresholds      = optional(list(number), [0.5, 0.8, 1])
    }))
    builds = optional(map(object({
      branch          = optional(string)
      by_hand         = optional(bool, false)
      deploys         = optional(set(string))
      dir             = optional(string, ".")
      dockerfile      = optional(string, "Dockerfile")
      file            = optional(string)
      identity        = optional(string, "build")
      image           = optional(string)
      machine_type    = optional(string)
      paths           = optional(set(string), [])
      repository      = optional(string, "images")
      secrets         = optional(map(string), {})
      substitutions   = optional(map(string), {})
      tag             = optional(string)
      timeout_minutes = optional(number, 30)
    })), {})
    buckets = optional(map(object({
      called        = optional(string)
      dvc           = optional(bool, false)
      force_destroy = optional(bool, false)
      location      = optional(string)
      noncurrent_versions = optional(object({
        days = optional(number, 30)
        keep = optional(number, 3)
      }), {})
      soft_delete_days = optional(number, 0)
      storage_class    = optional(string, "STANDARD")
      versioning       = optional(bool)
    })), {})
    functions = optional(map(object({
      buckets         = optional(map(string), {})
      build_identity  = optional(string, "build")
      concurrency     = optional(number, 1)
      cpu             = optional(number, 1)
      entry_point     = optional(string)
      env             = optional(map(string), {})
      identity        = optional(string, "function")
      max_instances   = optional(number, 3)
      memory          = optional(string, "512Mi")
      min_instances   = optional(number, 0)
      public          = optional(bool, false)
      repository      = optional(string, "images")
      runtime         = optional(string, "python312")
      secrets         = optional(map(string), {})
      source          = optional(string)
      timeout_seconds = optional(number, 60)
      trigger = optional(object({
        bucket = string
        event  = optional(string, "finalized")
        retry  = optional(bool, false)
      }))
    })), {})
    github = optional(object({
      branch        = optional(string, "main")
      connected     = optional(bool, false)
      owner_id      = string
      pool          = optional(string, "github")
      repository    = string
      repository_id = optional(string)
    }))
    identities = optional(map(object({
      buckets       = optional(map(string), {})
      called        = optional(string)
      description   = string
      functions     = optional(map(string), {})
      github        = optional(string)
      jobs          = optional(map(string), {})
      project_roles = optional(set(string), [])
      repositories  = optional(map(string), {})
      services      = optional(map(string), {})
      submits       = optional(set(string), [])
      users         = optional(set(string), [])
    })), {})
    jobs = optional(map(object({
      args            = optional(list(string), [])
      buckets         = optional(map(string), {})
      cpu             = optional(number, 1)
      env             = optional(map(string), {})
      identity        = string
      image           = optional(string)
      local_command   = optional(list(string), [])
      memory          = optional(string, "2Gi")
      retries         = optional(number, 1)
      schedule        = optional(string)
      secrets         = optional(map(string), {})
      tasks           = optional(number, 1)
      time_zone       = optional(string, "Etc/UTC")
      timeout_minutes = optional(number, 60)
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
      location = optional(string)
      readers  = optional(set(string), [])
    })), {})
    services = optional(map(object({
      buckets       = optional(map(string), {})
      concurrency   = optional(number, 80)
      cpu           = optional(number, 1)
      env           = optional(map(string), {})
      health        = optional(string)
      http2         = optional(bool, false)
      identity      = optional(string, "serve")
      image         = optional(string)
      local_command = optional(list(string), [])
      max_instances = optional(number, 3)
      memory        = optional(string, "2Gi")
      min_instances = optional(number, 0)
      port          = optional(number, 8080)
      public        = optional(bool, false)
      secrets       = optional(map(string), {})
      sidecars = optional(map(object({
        args   = optional(list(string), [])
        env    = optional(map(string), {})
        image  = string
        memory = optional(string, "512Mi")
      })), {})
      timeout_seconds = optional(number, 300)
    })), {})
    training = optional(map(object({
      accelerator       = optional(string)
      accelerator_count = optional(number, 1)
      args              = optional(list(string), [])
      env               = optional(map(string), {})
      identity          = optional(string, "train")
      image             = optional(string)
      local_command     = optional(list(string), [])
      machine_type      = optional(string, "n1-standard-4")
      output            = optional(string)
      tensorboard       = optional(bool, false)
      timeout_minutes   = optional(number, 360)
    })), {})
    workstations = optional(map(object({
      accelerator       = optional(string)
      accelerator_count = optional(number, 1)
      disk_gb           = optional(number, 50)
      identity          = string
      idle_minutes      = optional(number, 60)
      image             = optional(string)
      machine_type      = optional(string, "e2-standard-2")
      max_hours         = optional(number, 12)
      spot              = optional(bool, false)
      zone              = optional(string, "b")
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

  validation {
    condition = alltrue(flatten([
      [for part in [var.values.services, var.values.functions, var.values.jobs, var.values.builds, var.values.training, var.values.workstations] : [
        for workload in values(part) : contains(keys(var.values.identities), workload.identity)
      ]],
      [for function in values(var.values.functions) : contains(keys(var.values.identities), function.build_identity)],
    ]))
    error_message = "The identity of a service, function, job, build, training or workstation must be among the identities of the environment: ${join(", ", keys(var.values.identities))}."
  }

  validation {
    condition = alltrue(flatten([
      [for part in [var.values.services, var.values.functions, var.values.jobs] : [
        for workload in values(part) : [for bucket in keys(workload.buckets) : contains(keys(var.values.buckets), bucket)]
      ]],
      [for function in values(var.values.functions) : [for trigger in function.trigger[*] : contains(keys(var.values.buckets), trigger.bucket)]],
    ]))
    error_message = "The buckets of a service, function or job must be among the buckets of the environment: ${join(", ", keys(var.values.buckets))}."
  }

  validation {
    condition = alltrue(flatten([
      for part in [var.values.services, var.values.functions, var.values.jobs, var.values.builds] : [
        for workload in values(part) : [for secret in values(workload.secrets) : contains(keys(var.values.secrets), secret)]
      ]
    ]))
    error_message = "The secrets of a service, function, job or build must be among the secrets of the environment: ${join(", ", keys(var.values.secrets))}."
  }

  validation {
    condition     = alltrue([for one in concat([for build in values(var.values.builds) : build.repository], [for function in values(var.values.functions) : function.repository]) : contains(keys(var.values.repositories), one)])
    error_message = "The repository of a build or function must be among the repositories of the environment: ${join(", ", keys(var.values.repositories))}."
  }

  validation {
    condition = alltrue(flatten([
      for build in values(var.values.builds) : [
        for place in(build.deploys == null ? [] : tolist(build.deploys)) : contains(concat(keys(var.values.services), keys(var.values.jobs)), place)
      ]
    ]))
    error_message = "What a build deploys must be among the services and jobs of the environment: ${join(", ", concat(keys(var.values.services), keys(var.values.jobs)))}."
  }

  validation {
    condition = alltrue(flatten([
      for identity in values(var.values.identities) : concat(
        [for service, access in identity.services : contains(keys(var.values.services), service) && contains(["call", "deploy"], access)],
        [for function, access in identity.functions : contains(keys(var.values.functions), function) && access == "call"],
        [for job, access in identity.jobs : contains(keys(var.values.jobs), job) && contains(["deploy", "run"], access)],
      )
    ]))
    error_message = "An identity may call or deploy services, call functions, and run or deploy jobs of the environment, which are: ${join(", ", concat(keys(var.values.services), keys(var.values.functions), keys(var.values.jobs)))}."
  }

  validation {
    condition     = length(setintersection(keys(var.values.functions), keys(var.values.services))) == 0
    error_message = "A function must not have the name of a service, since Cloud Run runs it as a service with its name."
  }

  validation {
    condition     = alltrue([for function in values(var.values.functions) : function.trigger == null ? true : contains(["archived", "deleted", "finalized", "metadataUpdated"], function.trigger.event)])
    error_message = "The event of a trigger must be finalized, deleted, archived or metadataUpdated."
  }

  validation {
    condition     = var.values.github != null || (length(var.values.builds) == 0 && alltrue([for identity in values(var.values.identities) : identity.github == null]))
    error_message = "github must be given where there are builds, or identities that workflows act as."
  }
}
