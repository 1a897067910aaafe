resource "google_project_iam_member" "viewer_of_accounts" {
  project = "team-project"
  role    = "roles/iam.serviceAccountViewer"
  member  = "user:alice@example.com"
}
