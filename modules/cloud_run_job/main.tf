locals {
  # A volume's name must not contain dots and underscores, nor exceed 63 characters.
  volumes = {
    for name, bucket in var.buckets :
    "bucket-${length(name) > 56 ? substr(sha256(name), 0, 16) : replace(name, "/[._]/", "-")}" => { bucket = name, read_only = bucket.read_only }
  }
}

resource "google_cloud_run_v2_job" "job" {
  project             = var.project_id
  location            = var.location
  name                = var.name
  labels              = var.labels
  deletion_protection = false

  template {
    task_count = var.tasks.count

    template {
      service_account = var.service_account
      timeout         = "${var.tasks.timeout_seconds}s"
      max_retries     = var.tasks.retries
      # Mounting buckets needs the second generation.
      execution_environment = length(var.buckets) > 0 ? "EXECUTION_ENVIRONMENT_GEN2" : null

      containers {
        name    = var.name
        image   = var.container.image
        command = var.container.command
        args    = var.container.args

        resources {
          limits = {
            cpu    = tostring(var.container.cpu)
            memory = var.container.memory
          }
        }

        dynamic "env" {
          for_each = var.container.env

          content {
            name  = env.key
            value = env.value
          }
        }

        dynamic "env" {
          for_each = var.container.secrets

          content {
            name = env.key

            value_source {
              secret_key_ref {
                secret  = env.value.secret
                version = env.value.version
              }
            }
          }
        }

        dynamic "volume_mounts" {
          for_each = local.volumes

          content {
            name       = volume_mounts.key
            mount_path = "/gcs/${volume_mounts.value.bucket}"
          }
        }
      }

      dynamic "volumes" {
        for_each = local.volumes

        content {
          name = volumes.key

          gcs {
            bucket    = volumes.value.bucket
            read_only = volumes.value.read_only
          }
        }
      }
    }
  }

  # Builds decide which image runs.
  lifecycle {
    ignore_changes = [
      client,
      client_version,
      template[0].template[0].containers[0].image,
    ]
  }
}

resource "google_cloud_scheduler_job" "schedule" {
  for_each = { for schedule in var.schedule[*] : var.name => schedule }

  project     = var.project_id
  region      = var.location
  name        = google_cloud_run_v2_job.job.name
  description = "Starts the job ${var.name}."
  schedule    = each.value.cron
  time_zone   = each.value.time_zone

  # Retries starting the job, not the job itself.
  retry_config {
    retry_count          = 1
    max_retry_duration   = "0s"
    min_backoff_duration = "5s"
    max_backoff_duration = "3600s"
    max_doublings        = 5
  }

  http_target {
    http_method = "POST"
    uri         = "https://run.googleapis.com/v2/projects/${var.project_id}/locations/${var.location}/jobs/${google_cloud_run_v2_job.job.name}:run"

    oauth_token {
      service_account_email = var.service_account
      scope                 = "https://www.googleapis.com/auth/cloud-platform"
    }
  }

  depends_on = [google_cloud_run_v2_job_iam_binding.roles]
}
