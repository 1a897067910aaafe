resource "google_storage_bucket" "versioned" {
  project  = "team-project"
  name     = "team-project-tfstate"
  location = "europe-west1"

  versioning {
    enabled = true
  }
}

resource "google_storage_bucket" "no_state" {
  project  = "team-project"
  name     = "team-scratch"
  location = "europe-west1"

  force_destroy = true
}
