resource "google_cloud_run_v2_service" "own" {
  project  = "team-project"
  name     = "own"
  location = "europe-west1"
  labels   = { team = "cats-dogs" }

  template {
    service_account = "groundwork-serve@team-project.iam.gserviceaccount.com"

    containers {
      image = "europe-west1-docker.pkg.dev/team-project/images/api:0123abc"
    }
  }
}

resource "google_cloud_run_v2_job" "own" {
  project  = "team-project"
  name     = "own"
  location = "europe-west1"
  labels   = { team = "cats-dogs" }

  template {
    template {
      service_account = "groundwork-drift@team-project.iam.gserviceaccount.com"
      timeout         = "600s"

      containers {
        image = "europe-west1-docker.pkg.dev/team-project/images/api:0123abc"
      }
    }
  }
}

resource "google_cloudbuild_trigger" "own" {
  project         = "team-project"
  location        = "europe-west1"
  name            = "own"
  service_account = "projects/team-project/serviceAccounts/groundwork-build@team-project.iam.gserviceaccount.com"
  filename        = "cloudbuild.yaml"

  repository_event_config {
    repository = "projects/team-project/locations/europe-west1/connections/github/repositories/team-cats"

    push {
      branch = "^main$"
    }
  }
}

resource "google_cloud_scheduler_job" "own" {
  project  = "team-project"
  region   = "europe-west1"
  name     = "own"
  schedule = "0 6 * * 1"

  http_target {
    uri = "https://run.googleapis.com/v2/projects/team-project/locations/europe-west1/jobs/drift:run"

    oauth_token {
      service_account_email = "groundwork-scheduler@team-project.iam.gserviceaccount.com"
    }
  }
}

resource "google_cloud_scheduler_job" "without_a_token" {
  project  = "team-project"
  region   = "europe-west1"
  name     = "without-a-token"
  schedule = "0 6 * * 1"

  http_target {
    uri = "https://api.example.com/refresh"
  }
}

resource "google_cloudfunctions2_function" "own" {
  project  = "team-project"
  name     = "own-function"
  location = "europe-west1"
  labels   = { team = "cats-dogs" }

  build_config {
    runtime         = "python312"
    entry_point     = "main"
    service_account = "projects/team-project/serviceAccounts/groundwork-build@team-project.iam.gserviceaccount.com"

    source {
      storage_source {
        bucket = "team-project-functions"
        object = "main.zip"
      }
    }
  }

  service_config {
    service_account_email = "groundwork-function@team-project.iam.gserviceaccount.com"
  }
}
