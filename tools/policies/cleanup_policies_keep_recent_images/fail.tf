resource "google_artifact_registry_repository" "deletes_all_that_is_old" {
  project       = "team-project"
  location      = "europe-west1"
  repository_id = "deletes-all"
  format        = "DOCKER"

  cleanup_policies {
    id     = "delete-old"
    action = "DELETE"

    condition {
      older_than = "2592000s"
    }
  }
}
