data "google_secret_manager_secret_version" "key" {
  project = "team-project"
  secret  = "wandb-api-key"
}

data "google_client_config" "current" {}
