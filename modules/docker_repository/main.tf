resource "google_artifact_registry_repository" "repository" {
  project       = var.project_id
  location      = var.location
  repository_id = var.name
  description   = var.description
  format        = "DOCKER"
  labels        = var.labels

  # A keep rule alone deletes nothing, and a delete rule alone deletes even the image in use.
  cleanup_policy_dry_run = false

  cleanup_policies {
    id     = "delete-old"
    action = "DELETE"

    condition {
      older_than = "${var.cleanup.delete_after_days * 86400}s"
      tag_state  = "ANY"
    }
  }

  cleanup_policies {
    id     = "keep-recent"
    action = "KEEP"

    most_recent_versions {
      keep_count = var.cleanup.keep
    }
  }

  # Scanning bills every image that is pushed.
  vulnerability_scanning_config {
    enablement_config = "DISABLED"
  }
}
