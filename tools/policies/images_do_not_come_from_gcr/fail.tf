resource "google_cloud_run_v2_service" "gone" {
  project  = "team-project"
  name     = "gone"
  location = "europe-west1"
  labels   = { team = "cats-dogs" }

  template {
    service_account = "groundwork-serve@team-project.iam.gserviceaccount.com"

    containers {
      image = "gcr.io/team-project/api:0123abc"
    }
  }
}

resource "google_cloudbuild_trigger" "pushes" {
  project         = "team-project"
  location        = "europe-west1"
  name            = "pushes"
  service_account = "projects/team-project/serviceAccounts/groundwork-build@team-project.iam.gserviceaccount.com"

  repository_event_config {
    repository = "projects/team-project/locations/europe-west1/connections/github/repositories/team-cats"

    push {
      branch = "^main$"
    }
  }

  build {
    images  = ["eu.gcr.io/team-project/api"]
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

resource "google_cloudbuild_trigger" "steps" {
  project         = "team-project"
  location        = "europe-west1"
  name            = "steps"
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
      name = "gcr.io/team-project/own-builder"
      args = ["version"]
    }

    options {
      logging = "CLOUD_LOGGING_ONLY"
    }
  }
}
