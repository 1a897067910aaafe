resource "google_project_iam_member" "token_creator" {
  project = "team-project"
  role    = "roles/iam.serviceAccountTokenCreator"
  member  = "user:alice@example.com"
}

resource "google_project_iam_binding" "user" {
  project = "team-project"
  role    = "roles/iam.serviceAccountUser"
  members = ["serviceAccount:builder@team-project.iam.gserviceaccount.com"]
}
