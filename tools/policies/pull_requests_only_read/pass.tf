resource "google_service_account_iam_member" "main_branch" {
  service_account_id = "projects/team-project/serviceAccounts/groundwork-deployer@team-project.iam.gserviceaccount.com"
  role               = "roles/iam.workloadIdentityUser"
  member             = "principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/github/attribute.rule/main"
}

resource "google_service_account_iam_member" "one_environment" {
  service_account_id = "projects/team-project/serviceAccounts/release@team-project.iam.gserviceaccount.com"
  role               = "roles/iam.workloadIdentityUser"
  member             = "principal://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/github/subject/repo:team/project:environment:prod"
}

resource "google_storage_bucket_iam_member" "tests_read_the_data" {
  bucket = "team-data"
  role   = "roles/storage.objectViewer"
  member = "principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/github/attribute.repository/team/project"
}

resource "google_storage_bucket_iam_member" "the_planner_reads_the_state" {
  bucket = "team-project-tfstate"
  role   = "roles/storage.objectViewer"
  member = "serviceAccount:groundwork-planner@team-project.iam.gserviceaccount.com"
}

resource "google_project_iam_member" "the_planner_sees_policies" {
  project = "team-project"
  role    = "roles/iam.securityReviewer"
  member  = "serviceAccount:groundwork-planner@team-project.iam.gserviceaccount.com"
}

resource "google_service_account_iam_member" "any_workflow_on_main" {
  service_account_id = "projects/team-project/serviceAccounts/groundwork-ci@team-project.iam.gserviceaccount.com"
  role               = "roles/iam.workloadIdentityUser"
  member             = "principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/github/attribute.branch/main"
}
