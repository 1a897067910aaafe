resource "google_artifact_registry_repository_iam_binding" "roles" {
  for_each = var.iam

  project    = google_artifact_registry_repository.repository.project
  location   = google_artifact_registry_repository.repository.location
  repository = google_artifact_registry_repository.repository.repository_id
  role       = each.key
  members    = each.value
}
