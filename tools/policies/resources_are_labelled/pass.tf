resource "google_storage_bucket" "labelled" {
  project  = "team-project"
  name     = "team-models"
  location = "europe-west1"
  labels   = { team = "cats-dogs" }
}

resource "google_secret_manager_secret" "labelled" {
  project   = "team-project"
  secret_id = "wandb-api-key"
  labels    = { team = "cats-dogs" }

  replication {
    auto {}
  }
}
