resource "google_service_account" "drift" {
  account_id = "drift-runs"
}

resource "google_cloud_run_v2_job" "plain" {
  name                = "plain"
  location            = "europe-west1"
  deletion_protection = false
  template {
    template {
      containers {
        image = "docker.io/library/drift:1"
      }
    }
  }
}

resource "google_cloud_run_v2_job" "full" {
  name                = "full"
  location            = "europe-west1"
  deletion_protection = false
  labels              = { team = "cats", tier = "one" }
  annotations         = { note = "a" }
  template {
    task_count  = 3
    parallelism = 2
    labels      = { part = "drift" }
    annotations = { note = "b" }
    template {
      service_account       = google_service_account.drift.email
      timeout               = "900s"
      max_retries           = 1
      execution_environment = "EXECUTION_ENVIRONMENT_GEN2"
      containers {
        name    = "drift"
        image   = "docker.io/library/drift:1"
        command = ["python", "drift.py"]
        args    = ["--all"]
        env {
          name  = "MODE"
          value = "deep"
        }
        resources {
          limits = { cpu = "2", memory = "4Gi" }
        }
        volume_mounts {
          name       = "scratch"
          mount_path = "/scratch"
        }
      }
      volumes {
        name = "scratch"
        empty_dir {
          medium     = "MEMORY"
          size_limit = "64Mi"
        }
      }
    }
  }
}

resource "google_cloud_run_v2_job_iam_member" "alice" {
  name     = google_cloud_run_v2_job.plain.name
  location = "europe-west1"
  role     = "roles/run.invoker"
  member   = "user:alice@example.com"
}

resource "google_cloud_run_v2_job_iam_binding" "developers" {
  name     = google_cloud_run_v2_job.full.id
  location = google_cloud_run_v2_job.full.location
  role     = "roles/run.developer"
  members  = ["user:alice@example.com", "user:bob@example.com"]
}
