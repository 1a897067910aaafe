resource "google_project_service" "services" {
  for_each = var.services

  project = var.project_id
  service = each.key

  # Another layer, or a person, may be using the same API.
  disable_on_destroy = false
}
