resource "google_storage_bucket" "as_google_does" {
  project  = "team-project"
  name     = "team-models"
  location = "europe-west1"
}
