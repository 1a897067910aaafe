resource "google_service_account" "api" {
  account_id = "api-runs"
}

resource "google_cloud_run_v2_service" "plain" {
  name                = "plain"
  location            = "europe-west1"
  deletion_protection = false
  labels              = { team = "dogs" }
  template {
    containers {
      image = "europe-west1-docker.pkg.dev/groundwork-example/images/api:2"
      resources {
        limits = { memory = "1Gi" }
      }
      env {
        name  = "MODE"
        value = "slow"
      }
    }
  }
}

resource "google_cloud_run_v2_service" "full" {
  name                = "full"
  location            = "europe-west1"
  deletion_protection = false
  labels              = { team = "cats" }
  template {
    service_account = google_service_account.api.email
    timeout         = "90s"
    scaling {
      max_instance_count = 4
    }
    containers {
      image = "europe-west1-docker.pkg.dev/groundwork-example/images/api:1"
      env {
        name  = "MODE"
        value = "fast"
      }
      resources {
        limits = { cpu = "2", memory = "2Gi" }
      }
    }
  }
}

resource "google_cloud_run_v2_service_iam_member" "alice" {
  name     = google_cloud_run_v2_service.plain.name
  location = "europe-west1"
  role     = "roles/run.invoker"
  member   = "user:alice@example.com"
}
