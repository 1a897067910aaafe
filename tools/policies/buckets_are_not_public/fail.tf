resource "google_storage_bucket_iam_member" "everybody" {
  bucket = "team-data"
  role   = "roles/storage.objectViewer"
  member = "allUsers"
}

resource "google_storage_bucket_iam_binding" "anybody_with_an_account" {
  bucket  = "team-data"
  role    = "roles/storage.objectViewer"
  members = ["user:alice@example.com", "allAuthenticatedUsers"]
}

resource "google_storage_bucket_acl" "by_list" {
  bucket      = "team-data"
  role_entity = ["READER:allUsers"]
}

resource "google_storage_bucket_acl" "by_name_of_a_list" {
  bucket         = "team-data"
  predefined_acl = "publicRead"
}
