resource "google_project_service" "scanning" {
  project = "team-project"
  service = "containerscanning.googleapis.com"
}
