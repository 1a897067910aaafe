resource "google_storage_bucket_iam_binding" "replaced" {
  bucket  = "team-data"
  role    = "roles/storage.objectViewer"
  members = ["serviceAccount:trainer@team-project.iam.gserviceaccount.com"]
}

resource "google_project_iam_policy" "replaced" {
  project     = "team-project"
  policy_data = "{\"bindings\": [{\"role\": \"roles/browser\", \"members\": [\"user:alice@example.com\"]}]}"
}
