resource "google_storage_bucket" "elsewhere" {
  project  = "team-project"
  name     = "team-models"
  location = "us-central1"
}

resource "google_storage_bucket" "everywhere" {
  project  = "team-project"
  name     = "team-multi"
  location = "EU"
}

resource "google_secret_manager_secret" "elsewhere" {
  project   = "team-project"
  secret_id = "wandb-api-key"

  replication {
    user_managed {
      replicas {
        location = "us-east1"
      }
    }
  }
}
