resource "google_storage_bucket" "bare" {
  project  = "team-project"
  name     = "team-models"
  location = "europe-west1"
}

resource "google_secret_manager_secret" "bare" {
  project   = "team-project"
  secret_id = "wandb-api-key"

  replication {
    auto {}
  }
}
