resource "google_storage_bucket" "versioned" {
  project  = "team-project"
  name     = "team-data"
  location = "europe-west1"

  versioning {
    enabled = true
  }

  lifecycle_rule {
    action {
      type = "AbortIncompleteMultipartUpload"
    }
    condition {
      age = 7
    }
  }
}

resource "google_storage_bucket" "no_dvc" {
  project  = "team-project"
  name     = "team-scratch"
  location = "europe-west1"
}
