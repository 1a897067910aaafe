resource "google_cloud_run_v2_service" "latest" {
  project  = "team-project"
  name     = "latest"
  location = "europe-west1"
  labels   = { team = "cats-dogs" }

  template {
    service_account = "groundwork-serve@team-project.iam.gserviceaccount.com"

    containers {
      image = "europe-west1-docker.pkg.dev/team-project/images/api:latest"
    }
  }
}

resource "google_cloud_run_v2_service" "bare" {
  project  = "team-project"
  name     = "bare"
  location = "europe-west1"
  labels   = { team = "cats-dogs" }

  template {
    service_account = "groundwork-serve@team-project.iam.gserviceaccount.com"

    containers {
      image = "europe-west1-docker.pkg.dev/team-project/images/api"
    }
  }
}

resource "google_cloud_run_v2_job" "latest" {
  project  = "team-project"
  name     = "latest"
  location = "europe-west1"
  labels   = { team = "cats-dogs" }

  template {
    template {
      service_account = "groundwork-drift@team-project.iam.gserviceaccount.com"
      timeout         = "600s"

      containers {
        image = "europe-west1-docker.pkg.dev/team-project/images/api:latest"
      }
    }
  }
}
