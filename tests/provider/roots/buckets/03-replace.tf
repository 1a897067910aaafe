resource "google_storage_bucket" "plain" {
  name          = "example-plain"
  location      = "us"
  force_destroy = true
}

resource "google_storage_bucket" "full" {
  name                        = "example-full"
  location                    = "europe-west1"
  uniform_bucket_level_access = true
  force_destroy               = true
}

resource "google_storage_bucket_iam_member" "reader" {
  bucket = google_storage_bucket.plain.name
  role   = "roles/storage.objectAdmin"
  member = "user:alice@example.com"
}
