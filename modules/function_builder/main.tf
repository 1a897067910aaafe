# Google copies the code of functions to a bucket that it creates with the first one: until then, there is no bucket to grant access on.
resource "google_project_iam_member" "reads_code" {
  project = var.project_id
  role    = "roles/storage.objectViewer"
  member  = "serviceAccount:${var.account}"

  condition {
    title      = "Copies of functions"
    expression = "resource.name.startsWith(\"projects/_/buckets/gcf-v2-sources-\")"
  }
}
