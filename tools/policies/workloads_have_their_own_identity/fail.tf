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

resource "google_cloudfunctions2_function" "none" {
  project  = "team-project"
  name     = "no-account"
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
}

resource "google_cloudfunctions2_function" "built_by_default" {
  project  = "team-project"
  name     = "built-by-default"
  location = "europe-west1"
  labels   = { team = "cats-dogs" }

  build_config {
    runtime     = "python312"
    entry_point = "main"

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
