resource "google_service_account" "builder" {
  account_id = "builder"
}

resource "google_pubsub_topic" "pushed" {
  name = "pushed"
}

resource "google_cloudbuild_trigger" "global" {
  name            = "by-file"
  filename        = "cloudbuild.yaml"
  service_account = google_service_account.builder.id
  github {
    owner = "cats"
    name  = "api"
    push {
      branch = "^main$"
    }
  }
}

resource "google_cloudbuild_trigger" "inline" {
  name               = "inline"
  location           = "europe-west1"
  description        = "Builds the API."
  service_account    = google_service_account.builder.id
  tags               = ["api"]
  substitutions      = { _IMAGE = "api" }
  included_files     = ["api/**"]
  ignored_files      = ["docs/**"]
  include_build_logs = "INCLUDE_BUILD_LOGS_WITH_STATUS"
  github {
    owner = "cats"
    name  = "api"
    push {
      tag = "^v.*$"
    }
  }
  build {
    timeout       = "1200s"
    images        = ["europe-west1-docker.pkg.dev/$PROJECT_ID/images/$_IMAGE:$COMMIT_SHA"]
    substitutions = { _LEVEL = "high" }
    tags          = ["api"]
    step {
      id         = "build"
      name       = "gcr.io/cloud-builders/docker"
      args       = ["build", "-t", "europe-west1-docker.pkg.dev/$PROJECT_ID/images/$_IMAGE:$COMMIT_SHA", "."]
      dir        = "api"
      env        = ["DOCKER_BUILDKIT=1"]
      timeout    = "600s"
      secret_env = ["TOKEN"]
    }
    step {
      id            = "test"
      name          = "python:3.12"
      entrypoint    = "python"
      script        = null
      args          = ["-m", "pytest"]
      wait_for      = ["build"]
      allow_failure = true
      volumes {
        name = "cache"
        path = "/cache"
      }
    }
    available_secrets {
      secret_manager {
        env          = "TOKEN"
        version_name = "projects/groundwork-example/secrets/token/versions/1"
      }
    }
    options {
      logging             = "CLOUD_LOGGING_ONLY"
      machine_type        = "E2_HIGHCPU_8"
      substitution_option = "ALLOW_LOOSE"
      disk_size_gb        = 100
    }
  }
}

resource "google_cloudbuild_trigger" "by_message" {
  name            = "by-message"
  location        = "europe-west1"
  service_account = google_service_account.builder.id
  disabled        = true
  pubsub_config {
    topic = google_pubsub_topic.pushed.id
  }
  build {
    step {
      name = "alpine"
      args = ["echo", "pushed"]
    }
    options {
      logging = "CLOUD_LOGGING_ONLY"
    }
  }
  approval_config {
    approval_required = true
  }
}

resource "google_cloudbuild_trigger" "mirrored" {
  name     = "mirrored"
  filename = "cloudbuild.yaml"
  trigger_template {
    branch_name  = "main"
    invert_regex = true
  }
}

resource "google_cloudbuild_trigger" "bitbucket" {
  name     = "bitbucket"
  filename = "cloudbuild.yaml"
  bitbucket_server_trigger_config {
    bitbucket_server_config_resource = "projects/100000000001/locations/europe-west1/bitbucketServerConfigs/own"
    project_key                      = "CATS"
    repo_slug                        = "api"
    push {
      tag = "^v"
    }
  }
}
