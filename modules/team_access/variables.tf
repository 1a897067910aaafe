variable "buckets" {
  description = "Names of the buckets that the team works with, under short names."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "identities" {
  description = "Service accounts that people may act as: full name, and the personas that may; under short names."
  type = map(object({
    id    = string
    users = optional(set(string), [])
  }))
  default  = {}
  nullable = false

  validation {
    condition = alltrue(flatten([
      for identity in values(var.identities) : [
        for persona in identity.users : contains(keys(jsondecode(file("${path.module}/personas.json"))), persona)
      ]
    ]))
    error_message = "Each user of an identity must be one of the personas ${join(", ", keys(jsondecode(file("${path.module}/personas.json"))))}."
  }
}

variable "members" {
  description = "People of the team by e-mail address: the persona each one is, and whether the address is a user or a group."
  type = map(object({
    role = string
    type = optional(string, "user")
  }))
  nullable = false

  validation {
    condition = alltrue([
      for email in keys(var.members) : can(regex("^[a-z0-9._%+-]+@[a-z0-9-]+(\\.[a-z0-9-]+)+$", email))
    ])
    error_message = "Each member must be an e-mail address in lower case."
  }

  validation {
    condition = alltrue([
      for member in values(var.members) : contains(keys(jsondecode(file("${path.module}/personas.json"))), member.role)
    ])
    error_message = "The role of each member must be one of the personas ${join(", ", keys(jsondecode(file("${path.module}/personas.json"))))}."
  }

  validation {
    condition = alltrue([
      for member in values(var.members) : contains(["group", "user"], member.type)
    ])
    error_message = "The type of a member must be user or group."
  }
}

variable "project_id" {
  description = "Id of the project."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "The project id must have 6 to 30 lower-case letters, digits and dashes, begin with a letter and not end with a dash."
  }
}

variable "repositories" {
  description = "Repositories that the team works with: name and location, under short names."
  type = map(object({
    location = string
    name     = string
  }))
  default  = {}
  nullable = false
}

variable "secrets" {
  description = "Names of the secrets that the team works with, under short names."
  type        = map(string)
  default     = {}
  nullable    = false
}
