resource "google_cloud_run_v2_service" "by_name" {
  project  = "team-project"
  name     = "by-name"
  location = "europe-west1"
  labels   = { team = "cats-dogs" }

  template {
    service_account = "groundwork-serve@team-project.iam.gserviceaccount.com"

    containers {
      image = "europe-west1-docker.pkg.dev/team-project/images/api:0123abc"

      env {
        name  = "WANDB_API_KEY"
        value = "not-a-real-key"
      }
    }
  }
}

resource "google_cloud_run_v2_service" "by_value" {
  project  = "team-project"
  name     = "by-value"
  location = "europe-west1"
  labels   = { team = "cats-dogs" }

  template {
    service_account = "groundwork-serve@team-project.iam.gserviceaccount.com"

    containers {
      image = "europe-west1-docker.pkg.dev/team-project/images/api:0123abc"

      env {
        name  = "WANDB"
        value = "wandb_v1_abcdefghijklmnopqrstuvwxyz"
      }
    }
  }
}

resource "google_cloud_run_v2_job" "by_name" {
  project  = "team-project"
  name     = "by-name"
  location = "europe-west1"
  labels   = { team = "cats-dogs" }

  template {
    template {
      service_account = "groundwork-drift@team-project.iam.gserviceaccount.com"
      timeout         = "600s"

      containers {
        image = "europe-west1-docker.pkg.dev/team-project/images/api:0123abc"

        env {
          name  = "DB_PASSWORD"
          value = "not-a-real-password"
        }
      }
    }
  }
}
