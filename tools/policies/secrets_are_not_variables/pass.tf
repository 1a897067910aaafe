resource "google_cloud_run_v2_service" "referred" {
  project  = "team-project"
  name     = "referred"
  location = "europe-west1"
  labels   = { team = "cats-dogs" }

  template {
    service_account = "groundwork-serve@team-project.iam.gserviceaccount.com"

    containers {
      image = "europe-west1-docker.pkg.dev/team-project/images/api:0123abc"

      env {
        name  = "MODEL"
        value = "cats"
      }

      env {
        name = "WANDB_API_KEY"

        value_source {
          secret_key_ref {
            secret  = "wandb-api-key"
            version = "latest"
          }
        }
      }
    }
  }
}
