resource "google_project_iam_member" "storage" {
  project = "team-project"
  role    = "roles/storage.admin"
  member  = "serviceAccount:builder@team-project.iam.gserviceaccount.com"
}

resource "google_project_iam_member" "policy" {
  project = "team-project"
  role    = "roles/resourcemanager.projectIamAdmin"
  member  = "user:alice@example.com"
}

resource "google_project_iam_member" "machines" {
  project = "team-project"
  role    = "roles/compute.instanceAdmin.v1"
  member  = "serviceAccount:builder@team-project.iam.gserviceaccount.com"
}

resource "google_storage_bucket_iam_member" "lets_others_in" {
  bucket = "team-data"
  role   = "roles/storage.admin"
  member = "user:alice@example.com"
}

resource "google_service_account_iam_member" "lets_others_act" {
  service_account_id = "projects/team-project/serviceAccounts/groundwork-train@team-project.iam.gserviceaccount.com"
  role               = "roles/iam.serviceAccountAdmin"
  member             = "user:alice@example.com"
}
