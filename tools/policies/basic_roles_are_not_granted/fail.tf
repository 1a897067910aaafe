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
