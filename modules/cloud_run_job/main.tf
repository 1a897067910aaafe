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
