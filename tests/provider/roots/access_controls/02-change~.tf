resource "google_storage_bucket_access_control" "all" {
  role = "WRITER"
}
resource "google_storage_default_object_access_control" "d" {
  role = "READER"
}
resource "google_storage_object_access_control" "o" {
  role = "OWNER"
}
resource "google_storage_managed_folder" "m" {
  force_destroy = true
}
resource "google_storage_folder" "f" {
  force_destroy = null
}
resource "google_storage_folder" "g" {
  count = 0
}
