resource "google_storage_bucket" "as_google_does" {
  project  = "team-project"
  name     = "team-models"
  location = "europe-west1"
}

resource "google_storage_bucket" "paid_twice" {
  project  = "team-project"
  name     = "team-both"
  location = "europe-west1"

  versioning {
    enabled = true
  }

  soft_delete_policy {
    retention_duration_seconds = 604800
  }
}
