variable "identities" {
  description = "Identities that people may act as, each with the personas that may."
  type        = map(set(string))
  default     = {}
  nullable    = false

  validation {
    condition     = length(setsubtract(flatten([for users in values(var.identities) : tolist(users)]), keys(jsondecode(file("${path.module}/personas.json"))))) == 0
    error_message = "Each user of an identity must be one of the personas ${join(", ", keys(jsondecode(file("${path.module}/personas.json"))))}."
  }
}

variable "members" {
  description = "Members of the team by e-mail address: their persona, and whether the address is a user or a group."
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
    condition     = length(setsubtract([for member in values(var.members) : member.role], keys(jsondecode(file("${path.module}/personas.json"))))) == 0
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
  description = "Project ID."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "The project id must have 6 to 30 lower-case letters, digits and dashes, begin with a letter and not end with a dash."
  }
}

variable "roles" {
  description = "Full names of the personas' custom roles, with the project permissions in personas.json."
  type        = map(string)
  nullable    = false

  validation {
    condition     = alltrue([for role in values(var.roles) : can(regex("^projects/[^/\\s]+/roles/[A-Za-z0-9_.]+$", role))])
    error_message = "Each role must be a custom role of the project with its full name: the members of any other role are not for this module alone to say."
  }

  validation {
    condition     = length(setsubtract([for member in values(var.members) : member.role], keys(var.roles))) == 0
    error_message = "The roles must have one for the persona of each member."
  }
}
