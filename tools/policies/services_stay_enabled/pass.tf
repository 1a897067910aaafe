resource "google_project_service" "by_default" {
  project = "team-project"
  service = "artifactregistry.googleapis.com"
}

resource "google_project_service" "on_purpose" {
  project = "team-project"
  service = "secretmanager.googleapis.com"

  disable_on_destroy = false
}
