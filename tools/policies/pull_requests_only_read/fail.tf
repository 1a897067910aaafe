resource "google_service_account_iam_member" "any_branch_deploys" {
  service_account_id = "projects/team-project/serviceAccounts/groundwork-deployer@team-project.iam.gserviceaccount.com"
  role               = "roles/iam.workloadIdentityUser"
  member             = "principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/github/attribute.repository/team/project"
}

resource "google_service_account_iam_member" "pull_requests_deploy" {
  service_account_id = "projects/team-project/serviceAccounts/groundwork-deployer@team-project.iam.gserviceaccount.com"
  role               = "roles/iam.workloadIdentityUser"
  member             = "principal://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/github/subject/repo:team/project:pull_request"
}

resource "google_artifact_registry_repository_iam_member" "any_branch_pushes" {
  project    = "team-project"
  location   = "europe-west1"
  repository = "images"
  role       = "roles/artifactregistry.writer"
  member     = "principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/github/attribute.repository/team/project"
}

resource "google_storage_bucket_iam_member" "the_planner_writes_the_state" {
  bucket = "team-project-tfstate"
  role   = "roles/storage.objectUser"
  member = "serviceAccount:groundwork-planner@team-project.iam.gserviceaccount.com"
}

resource "google_secret_manager_secret_iam_member" "the_planner_reads_a_key" {
  project   = "team-project"
  secret_id = "wandb-api-key"
  role      = "roles/secretmanager.secretAccessor"
  member    = "serviceAccount:groundwork-planner@team-project.iam.gserviceaccount.com"
}

resource "google_project_iam_member" "the_planner_reads_all_data" {
  project = "team-project"
  role    = "roles/storage.objectViewer"
  member  = "serviceAccount:groundwork-planner@team-project.iam.gserviceaccount.com"
}
