variable "location" {
  description = "Region, for example europe-west1."
  type        = string

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.location))
    error_message = "The location must be a region such as europe-west1."
  }
}

variable "name" {
  description = "Name of the network and of its subnetwork."
  type        = string

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,45}[a-z0-9])?$", var.name))
    error_message = "The name must have 1 to 47 lower-case letters, digits and dashes, begin with a letter and not end with a dash."
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

variable "range" {
  description = "Addresses of the subnetwork."
  type        = string
  default     = "10.0.0.0/24"
  nullable    = false

  validation {
    condition     = can(cidrnetmask(var.range)) && contains(["10", "172", "192"], split(".", var.range)[0])
    error_message = "The range must be one of private IPv4 addresses such as 10.0.0.0/24."
  }
}
