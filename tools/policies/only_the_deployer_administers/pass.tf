resource "google_project_iam_member" "writer" {
  project = "team-project"
  role    = "roles/logging.logWriter"
  member  = "serviceAccount:builder@team-project.iam.gserviceaccount.com"
}

resource "google_artifact_registry_repository_iam_member" "deletes_images" {
  project    = "team-project"
  location   = "europe-west1"
  repository = "images"
  role       = "roles/artifactregistry.repoAdmin"
  member     = "user:alice@example.com"
}

resource "google_storage_bucket_iam_member" "writes" {
  bucket = "team-data"
  role   = "roles/storage.objectUser"
  member = "user:alice@example.com"
}
