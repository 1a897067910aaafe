resource "google_artifact_registry_repository" "off" {
  project       = "team-project"
  location      = "europe-west1"
  repository_id = "off"
  format        = "DOCKER"

  vulnerability_scanning_config {
    enablement_config = "DISABLED"
  }
}
