# Code, packages and the output of jobs that name no other place.
resource "google_storage_bucket" "staging" {
  project  = var.project_id
  name     = var.name
  location = var.location
  labels   = var.labels

  force_destroy               = var.force_destroy
  public_access_prevention    = "enforced"
  storage_class               = "STANDARD"
  uniform_bucket_level_access = true

  versioning {
    enabled = false
  }

  # By default Google keeps, and bills, deleted objects for seven days.
  soft_delete_policy {
    retention_duration_seconds = 0
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

resource "google_vertex_ai_tensorboard" "tensorboard" {
  for_each = toset(var.tensorboard[*])

  project      = var.project_id
  region       = var.location
  display_name = each.key
  labels       = var.labels
}
