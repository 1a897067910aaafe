resource "google_artifact_registry_repository" "keeps_only" {
  project       = "team-project"
  location      = "europe-west1"
  repository_id = "keeps-only"
  format        = "DOCKER"

  cleanup_policies {
    id     = "keep-recent"
    action = "KEEP"

    most_recent_versions {
      keep_count = 5
    }
  }
}

resource "google_artifact_registry_repository" "has_none" {
  project       = "team-project"
  location      = "europe-west1"
  repository_id = "has-none"
  format        = "DOCKER"
}

resource "google_artifact_registry_repository" "rehearses" {
  project       = "team-project"
  location      = "europe-west1"
  repository_id = "rehearses"
  format        = "DOCKER"

  cleanup_policy_dry_run = true

  cleanup_policies {
    id     = "delete-old"
    action = "DELETE"

    condition {
      older_than = "2592000s"
    }
  }
}
