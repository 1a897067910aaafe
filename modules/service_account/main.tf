resource "google_service_account" "account" {
  project      = var.project_id
  account_id   = var.name
  display_name = var.name
  description  = var.description
}
