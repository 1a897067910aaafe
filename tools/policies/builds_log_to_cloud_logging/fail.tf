resource "google_cloudbuild_trigger" "silent" {
  project         = "team-project"
  location        = "europe-west1"
  name            = "silent"
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
  }
}

resource "google_cloudbuild_trigger" "legacy" {
  project         = "team-project"
  location        = "europe-west1"
  name            = "legacy"
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
      logging = "LEGACY"
    }
  }
}
