resource "google_project_service" "off_on_destroy" {
  project = "team-project"
  service = "artifactregistry.googleapis.com"

  disable_on_destroy = true
}

resource "google_project_service" "takes_others_along" {
  project = "team-project"
  service = "secretmanager.googleapis.com"

  disable_dependent_services = true
}
