resource "google_secret_manager_secret_iam_member" "members" {
  for_each = var.iam

  project   = google_secret_manager_secret.secret.project
  secret_id = google_secret_manager_secret.secret.secret_id
  role      = each.value.role
  member    = each.value.member

  dynamic "condition" {
    for_each = each.value.condition[*]

    content {
      description = condition.value.description
      expression  = condition.value.expression
      title       = condition.value.title
    }
  }
}
