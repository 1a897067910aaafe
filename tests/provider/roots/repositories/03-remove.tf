resource "google_artifact_registry_repository" "images" {
  repository_id = "images"
  location      = "europe-west1"
  format        = "DOCKER"
}

resource "google_artifact_registry_repository" "plain" {
  location      = "europe-west4"
  repository_id = "plain"
  format        = "NPM"
}

output "uri" {
  value = google_artifact_registry_repository.images.registry_uri
}

resource "google_artifact_registry_repository" "private" {
  location      = "europe-west1"
  repository_id = "private"
  format        = "DOCKER"
  mode          = "REMOTE_REPOSITORY"
  remote_repository_config {
    disable_upstream_validation = true
    docker_repository {
      custom_repository {
        uri = "https://images.example.com"
      }
    }
  }
}
