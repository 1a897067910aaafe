resource "google_cloudbuild_trigger" "logs" {
  project         = "team-project"
  location        = "europe-west1"
  name            = "logs"
  service_account = "projects/team-project/serviceAccounts/groundwork-build@team-project.iam.gserviceaccount.com"

  repository_event_config {
    repository = "projects/team-project/locations/europe-west1/connections/github/repositories/team-cats"

    push {
      branch = "^main$"
    }
  }

  build {
    timeout = "1200s"

    step {
      name = "gcr.io/cloud-builders/docker"
      args = ["version"]
    }

    options {
      logging = "CLOUD_LOGGING_ONLY"
    }
  }
}

resource "google_cloudbuild_trigger" "file" {
  project         = "team-project"
  location        = "europe-west1"
  name            = "file"
  service_account = "projects/team-project/serviceAccounts/groundwork-build@team-project.iam.gserviceaccount.com"
  filename        = "cloudbuild.yaml"

  repository_event_config {
    repository = "projects/team-project/locations/europe-west1/connections/github/repositories/team-cats"

    push {
      branch = "^main$"
    }
  }
}
