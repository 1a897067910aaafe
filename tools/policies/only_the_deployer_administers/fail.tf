resource "google_project_iam_member" "storage" {
  project = "team-project"
  role    = "roles/storage.admin"
  member  = "serviceAccount:builder@team-project.iam.gserviceaccount.com"
}

resource "google_project_iam_member" "policy" {
  project = "team-project"
  role    = "roles/resourcemanager.projectIamAdmin"
  member  = "user:alice@example.com"
}
