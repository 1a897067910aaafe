resource "google_storage_bucket_iam_member" "person" {
  bucket = "team-data"
  role   = "roles/storage.objectViewer"
  member = "user:alice@example.com"
}

resource "google_project_iam_member" "group" {
  project = "team-project"
  role    = "roles/browser"
  member  = "group:friends@example.com"
}
