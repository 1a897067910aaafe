resource "google_storage_bucket_iam_binding" "its_own" {
  bucket  = "team-data"
  role    = "roles/storage.objectViewer"
  members = ["serviceAccount:trainer@team-project.iam.gserviceaccount.com"]
}

resource "google_project_iam_binding" "own_role" {
  project = "team-project"
  role    = "projects/team-project/roles/groundwork_viewer"
  members = ["serviceAccount:trainer@team-project.iam.gserviceaccount.com"]
}
