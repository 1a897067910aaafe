resource "google_secret_manager_secret_iam_binding" "roles" {
  for_each = var.iam

  project   = google_secret_manager_secret.secret.project
  secret_id = google_secret_manager_secret.secret.secret_id
  role      = each.key
  members   = each.value
}
