resource "google_service_account" "plain" {
  account_id = "plain-account"
  disabled   = true
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

resource "google_project_iam_binding" "logs" {
  project = "groundwork-example"
  role    = "roles/logging.viewer"
  members = ["serviceAccount:${google_service_account.full.email}", "user:bob@example.com"]
}

resource "google_project_iam_custom_role" "own" {
  role_id     = "ownRole"
  title       = "Our own"
  stage       = "BETA"
  permissions = ["storage.buckets.get", "storage.objects.list", "storage.objects.get"]
}

resource "google_project_iam_member" "own" {
  project = "groundwork-example"
  role    = google_project_iam_custom_role.own.id
  member  = "user:alice@example.com"
}

removed {
  from = google_project_iam_member.viewer
  lifecycle {
    destroy = false
  }
}
