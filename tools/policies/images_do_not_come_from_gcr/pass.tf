resource "google_cloud_run_v2_service" "registry" {
  project  = "team-project"
  name     = "registry"
  location = "europe-west1"
  labels   = { team = "cats-dogs" }

  template {
    service_account = "groundwork-serve@team-project.iam.gserviceaccount.com"

    containers {
      image = "europe-west1-docker.pkg.dev/team-project/images/api:0123abc"
    }
  }
}

resource "google_cloudbuild_trigger" "builders" {
  project         = "team-project"
  location        = "europe-west1"
  name            = "builders"
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
