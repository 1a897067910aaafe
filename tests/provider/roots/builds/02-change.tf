resource "google_service_account" "builder" {
  account_id = "builder"
}

resource "google_pubsub_topic" "pushed" {
  name = "pushed"
}

resource "google_cloudbuild_trigger" "global" {
  name            = "by-another-file"
  filename        = "build/cloudbuild.yaml"
  service_account = google_service_account.builder.id
  github {
    owner = "cats"
    name  = "api"
    pull_request {
      branch          = "^main$"
      comment_control = "COMMENTS_ENABLED"
    }
  }
}

resource "google_cloudbuild_trigger" "inline" {
  name            = "inline"
  location        = "europe-west1"
  service_account = google_service_account.builder.id
  github {
    owner = "cats"
    name  = "api"
    push {
      branch = "^main$"
    }
  }
  build {
    step {
      name = "gcr.io/cloud-builders/docker"
      args = ["build", "."]
    }
    options {
      logging = "CLOUD_LOGGING_ONLY"
    }
  }
}

resource "google_cloudbuild_trigger" "mirrored" {
  name     = "mirrored"
  filename = "cloudbuild.yaml"
  trigger_template {
    tag_name  = "^v"
    repo_name = "api"
    dir       = "server"
  }
}
