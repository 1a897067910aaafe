resource "google_storage_bucket_iam_member" "identity" {
  bucket = "team-data"
  role   = "roles/storage.objectViewer"
  member = "serviceAccount:trainer@team-project.iam.gserviceaccount.com"
}

resource "google_storage_bucket_iam_binding" "team" {
  bucket  = "team-data"
  role    = "roles/storage.objectUser"
  members = ["user:bob@example.com", "serviceAccount:trainer@team-project.iam.gserviceaccount.com"]
}
