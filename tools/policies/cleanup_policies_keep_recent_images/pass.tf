resource "google_artifact_registry_repository" "keeps" {
  project       = "team-project"
  location      = "europe-west1"
  repository_id = "keeps"
  format        = "DOCKER"

  cleanup_policies {
    id     = "delete-old"
    action = "DELETE"

    condition {
      older_than = "2592000s"
    }
  }

  cleanup_policies {
    id     = "keep-recent"
    action = "KEEP"

    most_recent_versions {
      keep_count = 5
    }
  }
}

resource "google_artifact_registry_repository" "deletes_nothing" {
  project       = "team-project"
  location      = "europe-west1"
  repository_id = "deletes-nothing"
  format        = "DOCKER"
}
