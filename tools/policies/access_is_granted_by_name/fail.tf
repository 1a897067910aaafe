resource "google_service_account_iam_member" "everybody" {
  service_account_id = "projects/team-project/serviceAccounts/trainer@team-project.iam.gserviceaccount.com"
  role               = "roles/iam.serviceAccountUser"
  member             = "allAuthenticatedUsers"
}

resource "google_project_iam_binding" "everybody" {
  project = "team-project"
  role    = "roles/browser"
  members = ["allUsers"]
}

resource "google_project_iam_policy" "everybody" {
  project = "team-project"

  policy_data = "{\"bindings\": [{\"role\": \"roles/browser\", \"members\": [\"allUsers\"]}]}"
}
