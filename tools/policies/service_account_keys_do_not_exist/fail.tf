resource "google_service_account_key" "train" {
  service_account_id = "projects/team-project/serviceAccounts/trainer@team-project.iam.gserviceaccount.com"
}
