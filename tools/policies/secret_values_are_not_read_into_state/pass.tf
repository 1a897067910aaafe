data "google_project" "current" {
  project_id = "team-project"
}
