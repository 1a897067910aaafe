resource "google_storage_bucket" "old_versions" {
  project  = "team-project"
  name     = "team-models"
  location = "europe-west1"

  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      days_since_noncurrent_time = 30
      num_newer_versions         = 3
    }
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      age        = 7
      with_state = "ARCHIVED"
    }
  }
}

resource "google_storage_bucket" "unfinished_uploads" {
  project  = "team-project"
  name     = "team-uploads"
  location = "europe-west1"

  lifecycle_rule {
    action {
      type = "AbortIncompleteMultipartUpload"
    }
    condition {
      age = 7
    }
  }
}
