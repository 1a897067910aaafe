resource "google_cloud_run_v2_service" "open" {
  project  = "team-project"
  name     = "not-in-the-file"
  location = "europe-west1"
  labels   = { team = "cats-dogs" }

  invoker_iam_disabled = true

  template {
    service_account = "groundwork-serve@team-project.iam.gserviceaccount.com"

    containers {
      image = "europe-west1-docker.pkg.dev/team-project/images/api:0123abc"
    }
  }
}

resource "google_cloud_run_v2_service_iam_member" "everybody" {
  project  = "team-project"
  location = "europe-west1"
  name     = "private"
  role     = "roles/run.invoker"
  member   = "allUsers"
}

resource "google_cloud_run_v2_job_iam_binding" "anybody_with_an_account" {
  project  = "team-project"
  location = "europe-west1"
  name     = "drift"
  role     = "roles/run.invoker"
  members  = ["allAuthenticatedUsers"]
}
