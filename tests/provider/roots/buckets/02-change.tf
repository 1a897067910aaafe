resource "google_storage_bucket" "plain" {
  name     = "example-plain"
  location = "EU"
  labels   = { team = "dogs" }
  versioning {
    enabled = true
  }
  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      days_since_noncurrent_time = 14
    }
  }
  timeouts {
    create = "15m"
  }
}

resource "google_storage_bucket" "full" {
  name                        = "example-full"
  location                    = "europe-west1"
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = true
  versioning {
    enabled = false
  }
  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      num_newer_versions = 5
      with_state         = "ARCHIVED"
    }
  }
  lifecycle_rule {
    action {
      type          = "SetStorageClass"
      storage_class = "COLDLINE"
    }
    condition {
      age            = 30
      matches_prefix = ["a/", "b/"]
    }
  }
  cors {
    origin = ["https://example.com"]
    method = ["GET", "PUT"]
  }
}

resource "google_storage_bucket_iam_member" "reader" {
  bucket = google_storage_bucket.plain.name
  role   = "roles/storage.objectAdmin"
  member = "user:alice@example.com"
}

resource "google_storage_bucket_iam_binding" "writers" {
  bucket  = google_storage_bucket.full.name
  role    = "roles/storage.objectUser"
  members = ["user:carol@example.com"]
}

output "url" {
  value = google_storage_bucket.plain.url
}
