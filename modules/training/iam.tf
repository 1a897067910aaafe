resource "google_storage_bucket_iam_binding" "roles" {
  for_each = var.iam

  bucket  = google_storage_bucket.staging.name
  role    = each.key
  members = each.value
}
