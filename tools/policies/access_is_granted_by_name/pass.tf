resource "google_service_account_iam_member" "named" {
  service_account_id = "projects/team-project/serviceAccounts/trainer@team-project.iam.gserviceaccount.com"
  role               = "roles/iam.serviceAccountUser"
  member             = "user:alice@example.com"
}

resource "google_project_iam_member" "named" {
  project = "team-project"
  role    = "roles/logging.logWriter"
  member  = "serviceAccount:trainer@team-project.iam.gserviceaccount.com"
}
