resource "google_service_account_iam_member" "whole_pool" {
  service_account_id = "projects/team-project/serviceAccounts/planner@team-project.iam.gserviceaccount.com"
  role               = "roles/iam.workloadIdentityUser"
  member             = "principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/github/*"
}
