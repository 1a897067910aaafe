# Who may act as the account.
resource "google_service_account_iam_binding" "roles" {
  for_each = var.iam

  service_account_id = google_service_account.account.name
  role               = each.key
  members            = each.value
}

# The account's roles on the project; all others are granted on the resources.
resource "google_project_iam_member" "project_roles" {
  for_each = var.project_roles

  project = var.project_id
  role    = each.key
  member  = google_service_account.account.member
}
