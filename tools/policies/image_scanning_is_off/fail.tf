resource "google_artifact_registry_repository" "inherits" {
  project       = "team-project"
  location      = "europe-west1"
  repository_id = "inherits"
  format        = "DOCKER"
}

resource "google_artifact_registry_repository" "inherits_on_purpose" {
  project       = "team-project"
  location      = "europe-west1"
  repository_id = "on-purpose"
  format        = "DOCKER"

  vulnerability_scanning_config {
    enablement_config = "INHERITED"
  }
}
