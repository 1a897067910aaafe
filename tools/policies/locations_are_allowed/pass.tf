resource "google_storage_bucket" "at_home" {
  project  = "team-project"
  name     = "team-models"
  location = "europe-west1"
}

resource "google_artifact_registry_repository" "at_home" {
  project       = "team-project"
  location      = "europe-west1"
  repository_id = "images"
  format        = "DOCKER"
}

resource "google_secret_manager_secret" "at_home" {
  project   = "team-project"
  secret_id = "wandb-api-key"

  replication {
    user_managed {
      replicas {
        location = "europe-west1"
      }
    }
  }
}
