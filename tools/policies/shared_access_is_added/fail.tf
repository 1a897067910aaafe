resource "google_project_iam_binding" "of_googles_role" {
  project = "team-project"
  role    = "roles/browser"
  members = ["serviceAccount:trainer@team-project.iam.gserviceaccount.com"]
}

resource "google_project_iam_policy" "replaced" {
  project     = "team-project"
  policy_data = "{\"bindings\": [{\"role\": \"roles/browser\", \"members\": [\"serviceAccount:trainer@team-project.iam.gserviceaccount.com\"]}]}"
}

resource "google_storage_bucket_iam_policy" "replaced" {
  bucket      = "team-data"
  policy_data = "{\"bindings\": [{\"role\": \"roles/storage.objectViewer\", \"members\": [\"serviceAccount:trainer@team-project.iam.gserviceaccount.com\"]}]}"
}
