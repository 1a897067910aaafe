variable "environment_file" {
  description = "Path of the environment file, for example ../../envs/dev.yaml."
  type        = string
}
