resource "google_cloud_run_v2_service" "zero" {
  project  = "team-project"
  name     = "zero"
  location = "europe-west1"
  labels   = { team = "cats-dogs" }

  template {
    service_account = "groundwork-serve@team-project.iam.gserviceaccount.com"

    containers {
      image = "europe-west1-docker.pkg.dev/team-project/images/api:0123abc"
    }
  }
}

resource "google_cloud_run_v2_service" "said" {
  project  = "team-project"
  name     = "backend"
  location = "europe-west1"
  labels   = { team = "cats-dogs" }

  template {
    service_account = "groundwork-serve@team-project.iam.gserviceaccount.com"

    scaling {
      min_instance_count = 1
      max_instance_count = 3
    }

    containers {
      image = "europe-west1-docker.pkg.dev/team-project/images/api:0123abc"
    }
  }
}

resource "google_cloudfunctions2_function" "zero" {
  project  = "team-project"
  name     = "no-instance"
  location = "europe-west1"
  labels   = { team = "cats-dogs" }

  build_config {
    runtime     = "python312"
    entry_point = "main"

    source {
      storage_source {
        bucket = "team-project-functions"
        object = "main.zip"
      }
    }
  }

  service_config {
    min_instance_count = 0
  }
}
