resource "google_storage_bucket" "unversioned" {
  project  = "team-project"
  name     = "team-data"
  location = "europe-west1"
}

resource "google_storage_bucket" "trimmed" {
  project  = "team-project"
  name     = "team-data"
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
