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

resource "google_cloud_scheduler_job" "default" {
  project  = "team-project"
  region   = "europe-west1"
  name     = "default"
  schedule = "0 6 * * 1"

  http_target {
    uri = "https://run.googleapis.com/v2/projects/team-project/locations/europe-west1/jobs/drift:run"

    oauth_token {
      service_account_email = "123-compute@developer.gserviceaccount.com"
    }
  }
}
