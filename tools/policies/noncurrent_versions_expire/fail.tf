resource "google_storage_bucket" "piles_up" {
  project  = "team-project"
  name     = "team-models"
  location = "europe-west1"

  versioning {
    enabled = true
  }
}
