resource "google_cloud_run_v2_service" "by_digest" {
  project  = "team-project"
  name     = "by-digest"
  location = "europe-west1"
  labels   = { team = "cats-dogs" }

  template {
    service_account = "groundwork-serve@team-project.iam.gserviceaccount.com"

    containers {
      image = "europe-west1-docker.pkg.dev/team-project/images/api@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
    }
  }
}

resource "google_cloud_run_v2_service" "by_commit" {
  project  = "team-project"
  name     = "by-commit"
  location = "europe-west1"
  labels   = { team = "cats-dogs" }

  template {
    service_account = "groundwork-serve@team-project.iam.gserviceaccount.com"

    containers {
      image = "europe-west1-docker.pkg.dev/team-project/images/api:0123abcdef0123abcdef0123abcdef0123abcdef"
    }
  }
}

resource "google_cloud_run_v2_service" "placeholder" {
  project  = "team-project"
  name     = "placeholder"
  location = "europe-west1"
  labels   = { team = "cats-dogs" }

  template {
    service_account = "groundwork-serve@team-project.iam.gserviceaccount.com"

    containers {
      image = "us-docker.pkg.dev/cloudrun/container/hello"
    }
  }
}
