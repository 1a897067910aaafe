resource "google_service_account" "plain" {
  account_id = "plain-account"
}

resource "google_service_account" "full" {
  account_id   = "full-account"
  display_name = "Full"
  description  = "Does everything."
  project      = "groundwork-example"
}

resource "google_service_account_iam_member" "user" {
  service_account_id = google_service_account.full.name
  role               = "roles/iam.serviceAccountUser"
  member             = "user:alice@example.com"
}

resource "google_service_account_iam_binding" "tokens" {
  service_account_id = google_service_account.full.name
  role               = "roles/iam.serviceAccountTokenCreator"
  members            = [google_service_account.plain.member, "user:bob@example.com"]
}

resource "google_project_iam_member" "viewer" {
  project = "groundwork-example"
  role    = "roles/viewer"
  member  = google_service_account.plain.member
}

resource "google_project_iam_binding" "logs" {
  project = "groundwork-example"
  role    = "roles/logging.viewer"
  members = ["serviceAccount:${google_service_account.full.email}"]
}

resource "google_project_iam_custom_role" "own" {
  role_id     = "ownRole"
  title       = "Own"
  description = "A role of our own."
  permissions = ["storage.buckets.get", "storage.buckets.list"]
}

resource "google_project_iam_member" "own" {
  project = "groundwork-example"
  role    = google_project_iam_custom_role.own.id
  member  = "user:alice@example.com"
  condition {
    title       = "until"
    description = "Not for ever."
    expression  = "request.time < timestamp(\"2031-01-01T00:00:00Z\")"
  }
}

output "emails" {
  value = [google_service_account.plain.email, google_service_account.full.unique_id == "" ? "" : google_service_account.full.email]
}
