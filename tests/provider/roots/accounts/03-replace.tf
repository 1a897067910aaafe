resource "google_service_account" "plain" {
  account_id = "other-account"
}

resource "google_service_account" "full" {
  account_id   = "full-account"
  display_name = "Fuller"
  project      = "groundwork-example"
}

resource "google_service_account_iam_binding" "tokens" {
  service_account_id = google_service_account.full.name
  role               = "roles/iam.serviceAccountTokenCreator"
  members            = ["user:bob@example.com"]
}

resource "google_project_iam_custom_role" "own" {
  role_id     = "ownRole"
  title       = "Our own"
  permissions = ["storage.buckets.get"]
}

resource "google_project_iam_member" "plain" {
  project = "groundwork-example"
  role    = "roles/viewer"
  member  = google_service_account.plain.member
}
