resource "google_storage_bucket" "by_age" {
  project  = "team-project"
  name     = "team-models"
  location = "europe-west1"

  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      age = 7
    }
  }
}

resource "google_storage_bucket" "live_ones_too" {
  project  = "team-project"
  name     = "team-any"
  location = "europe-west1"

  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      age        = 30
      with_state = "ANY"
    }
  }
}
