resource "google_cloud_run_v2_service" "private" {
  project  = "team-project"
  name     = "private"
  location = "europe-west1"
  labels   = { team = "cats-dogs" }

  template {
    service_account = "groundwork-serve@team-project.iam.gserviceaccount.com"

    containers {
      image = "europe-west1-docker.pkg.dev/team-project/images/api:0123abc"
    }
  }
}

resource "google_cloud_run_v2_service" "public" {
  project  = "team-project"
  name     = "public-api"
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

resource "google_cloud_run_v2_service_iam_member" "named" {
  project  = "team-project"
  location = "europe-west1"
  name     = "private"
  role     = "roles/run.invoker"
  member   = "serviceAccount:frontend@team-project.iam.gserviceaccount.com"
}

# A function that the environment file makes public.
resource "google_cloud_run_v2_service_iam_binding" "public_function" {
  project  = "team-project"
  location = "europe-west1"
  name     = "public-api"
  role     = "roles/run.invoker"
  members  = ["allUsers"]
}
