resource "google_project_iam_custom_role" "back_door" {
  project     = "team-project"
  role_id     = "helper"
  title       = "Helps out"
  permissions = ["storage.buckets.list", "iam.serviceAccounts.getAccessToken"]
}
