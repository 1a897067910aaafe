resource "google_project_iam_member" "writer" {
  project = "team-project"
  role    = "roles/logging.logWriter"
  member  = "serviceAccount:builder@team-project.iam.gserviceaccount.com"
}
