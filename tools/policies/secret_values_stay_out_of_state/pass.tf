variable "value" {
  type      = string
  ephemeral = true
  default   = ""
}

resource "google_secret_manager_secret_version" "write_only" {
  secret                 = "projects/team-project/secrets/wandb-api-key"
  secret_data_wo         = var.value
  secret_data_wo_version = 1
}
