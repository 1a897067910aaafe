resource "google_storage_bucket" "here" {
  name                        = "example-objects"
  location                    = "EU"
  uniform_bucket_level_access = true
  force_destroy               = true
}

resource "google_storage_bucket_object" "text" {
  bucket  = google_storage_bucket.here.name
  name    = "a/text.txt"
  content = "good bye"
}

resource "google_storage_bucket_object" "file" {
  bucket        = google_storage_bucket.here.name
  name          = "file.json"
  source        = abspath("${path.module}/main.tf")
  content_type  = "text/plain"
  cache_control = "no-store"
  metadata      = { by = "terraform" }
}

resource "google_storage_bucket_object" "held" {
  bucket         = google_storage_bucket.here.name
  name           = "held"
  content        = "kept"
  temporary_hold = false
  storage_class  = "NEARLINE"
}

resource "google_storage_bucket_object" "encrypted" {
  bucket  = google_storage_bucket.here.name
  name    = "encrypted"
  content = "hidden again"
  customer_encryption {
    encryption_key = base64encode("0123456789abcdef0123456789abcdef")
  }
}
