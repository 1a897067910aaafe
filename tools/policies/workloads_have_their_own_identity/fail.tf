resource "google_cloud_run_v2_service" "none" {
  project  = "team-project"
  name     = "none"
  location = "europe-west1"
  labels   = { team = "cats-dogs" }

  template {
    containers {
      image = "europe-west1-docker.pkg.dev/team-project/images/api:0123abc"
    }
  }
}

resource "google_cloud_run_v2_service" "default" {
  project  = "team-project"
  name     = "default"
  location = "europe-west1"
  labels   = { team = "cats-dogs" }

  template {
    service_account = "123-compute@developer.gserviceaccount.com"

    containers {
      image = "europe-west1-docker.pkg.dev/team-project/images/api:0123abc"
    }
  }
}

resource "google_cloud_run_v2_job" "none" {
  project  = "team-project"
  name     = "none"
  location = "europe-west1"
  labels   = { team = "cats-dogs" }

  template {
    template {
      timeout = "600s"

      containers {
        image = "europe-west1-docker.pkg.dev/team-project/images/api:0123abc"
      }
    }
  }
}

resource "google_cloudbuild_trigger" "none" {
  project  = "team-project"
  location = "europe-west1"
  name     = "none"
  filename = "cloudbuild.yaml"

  repository_event_config {
    repository = "projects/team-project/locations/europe-west1/connections/github/repositories/team-cats"

    push {
      branch = "^main$"
    }
  }
}
