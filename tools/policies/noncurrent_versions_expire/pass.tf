resource "google_storage_bucket" "trimmed" {
  project  = "team-project"
  name     = "team-models"
  location = "europe-west1"

  versioning {
    enabled = true
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      num_newer_versions = 3
      with_state         = "ARCHIVED"
    }
  }
}

resource "google_storage_bucket" "for_dvc" {
  project  = "team-project"
  name     = "team-data"
  location = "europe-west1"

  versioning {
    enabled = true
  }
}

resource "google_storage_bucket" "unversioned" {
  project  = "team-project"
  name     = "team-scratch"
  location = "europe-west1"
}
