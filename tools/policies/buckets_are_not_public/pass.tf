resource "google_storage_bucket_iam_member" "named" {
  bucket = "team-data"
  role   = "roles/storage.objectViewer"
  member = "user:alice@example.com"
}

resource "google_storage_bucket_iam_binding" "named" {
  bucket  = "team-data"
  role    = "roles/storage.objectViewer"
  members = ["group:team@example.com", "serviceAccount:trainer@team.iam.gserviceaccount.com"]
}

resource "google_storage_bucket_acl" "private" {
  bucket      = "team-data"
  role_entity = ["OWNER:user-alice@example.com"]
}
