resource "google_artifact_registry_repository_iam_member" "named" {
  project    = "team-project"
  location   = "europe-west1"
  repository = "images"
  role       = "roles/artifactregistry.reader"
  member     = "serviceAccount:trainer@team-project.iam.gserviceaccount.com"
}
