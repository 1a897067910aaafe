resource "google_cloud_run_v2_job" "hangs" {
  project  = "team-project"
  name     = "hangs"
  location = "europe-west1"
  labels   = { team = "cats-dogs" }

  template {
    template {
      service_account = "groundwork-drift@team-project.iam.gserviceaccount.com"

      containers {
        image = "europe-west1-docker.pkg.dev/team-project/images/api:0123abc"
      }
    }
  }
}
