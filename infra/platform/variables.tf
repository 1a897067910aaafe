variable "adopted" {
  description = "What is there already and is taken over: import ids by the names in the file."
  type = object({
    buckets      = optional(map(string), {})
    identities   = optional(map(string), {})
    repositories = optional(map(string), {})
    secrets      = optional(map(string), {})
  })
  default  = {}
  nullable = false
}

variable "environment_file" {
  description = "Path of the environment file, for example ../../envs/dev.yaml."
  type        = string
}

variable "sources" {
  description = "Path of each function's packed code, by the function's name: `groundwork` packs it, and `groundwork functions pack` prints this for plain Terraform."
  type        = map(string)
  default     = {}
  nullable    = false
}
