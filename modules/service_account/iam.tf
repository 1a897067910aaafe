# Who may act as the account.
resource "google_service_account_iam_member" "members" {
  for_each = var.iam

  service_account_id = google_service_account.account.name
  role               = each.value.role
  member             = each.value.member

  dynamic "condition" {
    for_each = each.value.condition[*]

    content {
      description = condition.value.description
      expression  = condition.value.expression
      title       = condition.value.title
    }
  }
}

# What the account may do in the whole project; the rest is granted on the resources.
resource "google_project_iam_member" "project_roles" {
  for_each = var.project_roles

  project = var.project_id
  role    = each.key
  member  = google_service_account.account.member
}
