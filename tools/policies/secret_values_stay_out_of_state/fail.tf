variable "value" {
  type      = string
  default   = "not-a-real-value"
  sensitive = true
}

resource "google_secret_manager_secret_version" "from_a_variable" {
  secret      = "projects/team-project/secrets/wandb-api-key"
  secret_data = var.value
}

resource "google_secret_manager_secret_version" "written_out" {
  secret      = "projects/team-project/secrets/wandb-api-key"
  secret_data = "not-a-real-value"
}
