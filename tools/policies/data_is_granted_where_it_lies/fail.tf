resource "google_project_iam_member" "every_bucket" {
  project = "team-project"
  role    = "roles/storage.objectUser"
  member  = "serviceAccount:groundwork-train@team-project.iam.gserviceaccount.com"
}

resource "google_project_iam_member" "every_secret" {
  project = "team-project"
  role    = "roles/secretmanager.secretAccessor"
  member  = "serviceAccount:groundwork-train@team-project.iam.gserviceaccount.com"
}

resource "google_project_iam_member" "every_image" {
  project = "team-project"
  role    = "roles/artifactregistry.writer"
  member  = "serviceAccount:groundwork-build@team-project.iam.gserviceaccount.com"
}
