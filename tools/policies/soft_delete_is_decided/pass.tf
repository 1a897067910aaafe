resource "google_storage_bucket" "off" {
  project  = "team-project"
  name     = "team-models"
  location = "europe-west1"

  versioning {
    enabled = true
  }

  soft_delete_policy {
    retention_duration_seconds = 0
  }
}

resource "google_storage_bucket" "instead_of_versions" {
  project  = "team-project"
  name     = "team-scratch"
  location = "europe-west1"

  soft_delete_policy {
    retention_duration_seconds = 604800
  }
}

resource "google_storage_bucket" "beside_versions" {
  project  = "team-project"
  name     = "team-guarded"
  location = "europe-west1"

  versioning {
    enabled = true
  }

  soft_delete_policy {
    retention_duration_seconds = 604800
  }
}
