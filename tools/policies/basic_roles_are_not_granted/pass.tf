resource "google_project_iam_member" "predefined" {
  project = "team-project"
  role    = "roles/browser"
  member  = "user:alice@example.com"
}
