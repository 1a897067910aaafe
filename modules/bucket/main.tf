resource "google_storage_bucket" "bucket" {
  project  = var.project_id
  name     = var.name
  location = var.location
  labels   = var.labels

  force_destroy               = var.force_destroy
  public_access_prevention    = "enforced"
  storage_class               = var.storage_class
  uniform_bucket_level_access = true

  versioning {
    enabled = var.versioning
  }

  # By default Google keeps, and bills, deleted objects for seven days.
  soft_delete_policy {
    retention_duration_seconds = var.soft_delete_days * 86400
  }

  lifecycle_rule {
    action {
      type = "AbortIncompleteMultipartUpload"
    }
    condition {
      age = var.incomplete_upload_days
    }
  }

  # The only rule that deletes: noncurrent versions, never live objects.
  dynamic "lifecycle_rule" {
    for_each = var.noncurrent_versions[*]

    content {
      action {
        type = "Delete"
      }
      condition {
        days_since_noncurrent_time = lifecycle_rule.value.days
        num_newer_versions         = lifecycle_rule.value.keep
        with_state                 = "ARCHIVED"
      }
    }
  }

  lifecycle {
    precondition {
      condition     = !var.dvc || var.noncurrent_versions == null
      error_message = "noncurrent_versions must be null for a DVC bucket: old commits point at old versions of objects."
    }
  }
}
