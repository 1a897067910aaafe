resource "google_service_account" "robot" {
  account_id = "robot-one"
}

resource "google_service_account_iam_member" "maker" {
  service_account_id = google_service_account.robot.name
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = "user:owner@example.com"
}

