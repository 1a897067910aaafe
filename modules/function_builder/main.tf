# Google copies the code of functions to a bucket that it makes at the first one: until then, it has no policy to be granted in.
resource "google_project_iam_member" "reads_code" {
  project = var.project_id
  role    = "roles/storage.objectViewer"
  member  = "serviceAccount:${var.account}"

  condition {
    title      = "Copies of functions"
    expression = "resource.name.startsWith(\"projects/_/buckets/gcf-v2-sources-\")"
  }
}
