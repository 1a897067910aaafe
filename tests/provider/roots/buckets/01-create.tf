resource "google_storage_bucket" "plain" {
  name     = "example-plain"
  location = "eu"
}

resource "google_storage_bucket" "full" {
  name                        = "example-full"
  location                    = "europe-west1"
  storage_class               = "NEARLINE"
  labels                      = { team = "cats" }
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  requester_pays              = false
  force_destroy               = true
  versioning {
    enabled = true
  }
  soft_delete_policy {
    retention_duration_seconds = 0
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
  lifecycle_rule {
    action {
      type = "AbortIncompleteMultipartUpload"
    }
    condition {
      age = 1
    }
  }
  cors {
    origin          = ["*"]
    method          = ["GET"]
    response_header = ["Content-Type"]
    max_age_seconds = 60
  }
  website {
    main_page_suffix = "index.html"
  }
  logging {
    log_bucket = google_storage_bucket.plain.name
  }
  retention_policy {
    retention_period = "60"
  }
}

resource "google_storage_bucket_iam_member" "reader" {
  bucket = google_storage_bucket.plain.name
  role   = "roles/storage.objectViewer"
  member = "user:alice@example.com"
}

resource "google_storage_bucket_iam_member" "sometimes" {
  bucket = google_storage_bucket.full.name
  role   = "roles/storage.objectViewer"
  member = "user:alice@example.com"
  condition {
    title      = "soon over"
    expression = "request.time < timestamp(\"2031-01-01T00:00:00Z\")"
  }
}

resource "google_storage_bucket_iam_binding" "writers" {
  bucket  = "b/${google_storage_bucket.full.name}"
  role    = "roles/storage.objectUser"
  members = ["user:bob@example.com", "user:alice@example.com"]
}

output "url" {
  value = google_storage_bucket.plain.url
}
