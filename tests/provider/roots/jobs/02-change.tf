resource "google_service_account" "drift" {
  account_id = "drift-runs"
}

resource "google_cloud_run_v2_job" "plain" {
  name                = "plain"
  location            = "europe-west1"
  deletion_protection = false
  labels              = { team = "dogs" }
  template {
    template {
      max_retries = 0
      containers {
        image = "docker.io/library/drift:2"
        resources {
          limits = { cpu = "1", memory = "1Gi" }
        }
      }
    }
  }
}

resource "google_cloud_run_v2_job" "full" {
  name                = "full"
  location            = "europe-west1"
  deletion_protection = false
  template {
    task_count  = 1
    parallelism = 1
    template {
      timeout = "600s"
      containers {
        image = "docker.io/library/drift:1"
        env {
          name  = "MODE"
          value = "quick"
        }
      }
    }
  }
}
