resource "google_artifact_registry_repository_iam_member" "members" {
  for_each = var.iam

  project    = google_artifact_registry_repository.repository.project
  location   = google_artifact_registry_repository.repository.location
  repository = google_artifact_registry_repository.repository.repository_id
  role       = each.value.role
  member     = each.value.member

  dynamic "condition" {
    for_each = each.value.condition[*]

    content {
      description = condition.value.description
      expression  = condition.value.expression
      title       = condition.value.title
    }
  }
}
