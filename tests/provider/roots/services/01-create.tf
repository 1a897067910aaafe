resource "google_service_account" "api" {
  account_id = "api-runs"
}

resource "google_cloud_run_v2_service" "plain" {
  name                = "plain"
  location            = "europe-west1"
  deletion_protection = false
  template {
    containers {
      image = "europe-west1-docker.pkg.dev/groundwork-example/images/api:1"
    }
  }
}

resource "google_cloud_run_v2_service" "full" {
  name                 = "full"
  location             = "europe-west1"
  description          = "Answers questions."
  ingress              = "INGRESS_TRAFFIC_ALL"
  deletion_protection  = false
  invoker_iam_disabled = false
  custom_audiences     = ["https://api.example.com"]
  labels               = { team = "cats", tier = "one" }
  annotations          = { note = "a" }
  scaling {
    min_instance_count = 0
    max_instance_count = 5
  }
  template {
    service_account                  = google_service_account.api.email
    timeout                          = "60s"
    max_instance_request_concurrency = 40
    execution_environment            = "EXECUTION_ENVIRONMENT_GEN2"
    session_affinity                 = true
    labels                           = { part = "api" }
    annotations                      = { note = "b" }
    scaling {
      min_instance_count = 0
      max_instance_count = 3
    }
    containers {
      name       = "api"
      image      = "europe-west1-docker.pkg.dev/groundwork-example/images/api:1"
      command    = ["serve"]
      args       = ["--port", "8000"]
      depends_on = ["metrics"]
      ports {
        name           = "h2c"
        container_port = 8000
      }
      env {
        name  = "MODE"
        value = "fast"
      }
      env {
        name = "EMPTY"
      }
      resources {
        limits            = { cpu = "1", memory = "2Gi" }
        cpu_idle          = true
        startup_cpu_boost = true
      }
      startup_probe {
        initial_delay_seconds = 1
        timeout_seconds       = 3
        period_seconds        = 5
        failure_threshold     = 4
        http_get {
          path = "/healthz"
          port = 8000
          http_headers {
            name  = "X-Probe"
            value = "yes"
          }
        }
      }
      liveness_probe {
        http_get {
          path = "/healthz"
        }
      }
      readiness_probe {
        success_threshold = 2
        http_get {
          path = "/ready"
        }
      }
      volume_mounts {
        name       = "cache"
        mount_path = "/cache"
      }
      volume_mounts {
        name       = "models"
        mount_path = "/models"
      }
    }
    containers {
      name  = "metrics"
      image = "europe-west1-docker.pkg.dev/groundwork-example/images/metrics:1"
      startup_probe {
        tcp_socket {
          port = 9090
        }
      }
    }
    volumes {
      name = "cache"
      empty_dir {
        size_limit = "64Mi"
      }
    }
    volumes {
      name = "models"
      gcs {
        bucket    = "models"
        read_only = true
      }
    }
  }
  traffic {
    type    = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"
    percent = 100
    tag     = "now"
  }
}

resource "google_cloud_run_v2_service_iam_member" "alice" {
  name     = google_cloud_run_v2_service.plain.name
  location = "europe-west1"
  role     = "roles/run.invoker"
  member   = "user:alice@example.com"
}

resource "google_cloud_run_v2_service_iam_binding" "developers" {
  name     = google_cloud_run_v2_service.full.id
  location = google_cloud_run_v2_service.full.location
  role     = "roles/run.developer"
  members  = ["user:alice@example.com", "user:bob@example.com"]
}

output "uri" {
  value = google_cloud_run_v2_service.plain.uri
}
