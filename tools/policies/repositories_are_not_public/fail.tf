resource "google_artifact_registry_repository_iam_member" "everybody" {
  project    = "team-project"
  location   = "europe-west1"
  repository = "images"
  role       = "roles/artifactregistry.reader"
  member     = "allUsers"
}

resource "google_artifact_registry_repository_iam_binding" "anybody_with_an_account" {
  project    = "team-project"
  location   = "europe-west1"
  repository = "images"
  role       = "roles/artifactregistry.reader"
  members    = ["allAuthenticatedUsers"]
}
