resource "google_cloud_run_v2_job" "ends" {
  project  = "team-project"
  name     = "ends"
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
