resource "google_storage_bucket" "unversioned" {
  project  = "team-project"
  name     = "team-project-tfstate"
  location = "europe-west1"
}

resource "google_storage_bucket" "emptied" {
  project  = "team-project"
  name     = "other-project-tfstate"
  location = "europe-west1"

  force_destroy = true

  versioning {
    enabled = true
  }
}
