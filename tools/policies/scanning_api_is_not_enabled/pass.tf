resource "google_project_service" "registry" {
  project = "team-project"
  service = "artifactregistry.googleapis.com"
}
