resource "google_storage_bucket" "fine" {
  name     = "groundwork-example-fine"
  location = "EU"
}
resource "google_storage_bucket" "flat" {
  name                        = "groundwork-example-flat"
  location                    = "EU"
  uniform_bucket_level_access = true
}
resource "google_storage_bucket" "tree" {
  name                        = "groundwork-example-tree"
  location                    = "EU"
  uniform_bucket_level_access = true
  hierarchical_namespace {
    enabled = true
  }
}
resource "google_storage_bucket_object" "o" {
  name    = "in/a.txt"
  bucket  = google_storage_bucket.fine.name
  content = "a"
}
resource "google_storage_bucket_access_control" "all" {
  bucket = google_storage_bucket.fine.name
  entity = "allUsers"
  role   = "READER"
}
resource "google_storage_default_object_access_control" "d" {
  bucket = google_storage_bucket.fine.name
  entity = "user-alice@example.com"
  role   = "OWNER"
}
resource "google_storage_object_access_control" "o" {
  bucket = google_storage_bucket.fine.name
  object = google_storage_bucket_object.o.output_name
  entity = "group-team@example.com"
  role   = "READER"
}
resource "google_storage_managed_folder" "m" {
  bucket = google_storage_bucket.flat.name
  name   = "in/deep/"
}
resource "google_storage_folder" "f" {
  bucket        = google_storage_bucket.tree.name
  name          = "data/"
  force_destroy = true
}
resource "google_storage_folder" "g" {
  bucket = google_storage_bucket.tree.name
  name   = "${google_storage_folder.f.name}raw/"
}
