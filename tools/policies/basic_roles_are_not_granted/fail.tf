resource "google_project_iam_member" "editor" {
  project = "team-project"
  role    = "roles/editor"
  member  = "user:alice@example.com"
}

resource "google_project_iam_binding" "viewer" {
  project = "team-project"
  role    = "roles/viewer"
  members = ["group:team@example.com"]
}

resource "google_project_iam_policy" "owner" {
  project = "team-project"

  policy_data = "{\"bindings\": [{\"role\": \"roles/owner\", \"members\": [\"user:alice@example.com\"]}]}"
}

resource "google_service_account_iam_member" "editor_of_an_account" {
  service_account_id = "projects/team-project/serviceAccounts/groundwork-train@team-project.iam.gserviceaccount.com"
  role               = "roles/editor"
  member             = "user:alice@example.com"
}
