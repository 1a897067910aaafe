locals {
  # A volume's name must not contain dots and underscores, nor exceed 63 characters.
  volumes = {
    for name, bucket in var.buckets :
    "bucket-${length(name) > 56 ? substr(sha256(name), 0, 16) : replace(name, "/[._]/", "-")}" => { bucket = name, read_only = bucket.read_only }
  }
}

resource "google_cloud_run_v2_service" "service" {
  project              = var.project_id
  location             = var.location
  name                 = var.name
  labels               = var.labels
  ingress              = "INGRESS_TRAFFIC_ALL"
  invoker_iam_disabled = var.public
  deletion_protection  = false

  template {
    service_account                  = var.service_account
    timeout                          = "${var.requests.timeout_seconds}s"
    max_instance_request_concurrency = var.requests.concurrency
    # Mounting buckets needs the second generation.
    execution_environment = length(var.buckets) > 0 ? "EXECUTION_ENVIRONMENT_GEN2" : null

    scaling {
      min_instance_count = var.scaling.min
      max_instance_count = var.scaling.max
    }

    containers {
      name    = var.name
      image   = var.container.image
      command = var.container.command
      args    = var.container.args

      ports {
        name           = var.container.http2 ? "h2c" : "http1"
        container_port = var.container.port
      }

      resources {
        cpu_idle          = true
        startup_cpu_boost = true

        limits = {
          cpu    = tostring(var.container.cpu)
          memory = var.container.memory
        }
      }

      startup_probe {
        period_seconds    = 5
        timeout_seconds   = 5
        failure_threshold = ceil(var.probes.startup_seconds / 5)

        dynamic "http_get" {
          for_each = var.probes.path[*]

          content {
            path = http_get.value
          }
        }

        dynamic "grpc" {
          for_each = var.probes.grpc ? [var.container.port] : []

          content {
            port = grpc.value
          }
        }

        dynamic "tcp_socket" {
          for_each = var.probes.path == null && !var.probes.grpc ? [var.container.port] : []

          content {
            port = tcp_socket.value
          }
        }
      }

      dynamic "liveness_probe" {
        for_each = var.probes.path != null || var.probes.grpc ? [var.probes] : []

        content {
          period_seconds    = 30
          timeout_seconds   = 5
          failure_threshold = 3

          dynamic "http_get" {
            for_each = liveness_probe.value.path[*]

            content {
              path = http_get.value
            }
          }

          dynamic "grpc" {
            for_each = liveness_probe.value.grpc ? [var.container.port] : []

            content {
              port = grpc.value
            }
          }
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

    dynamic "containers" {
      for_each = var.sidecars

      content {
        name  = containers.key
        image = containers.value.image
        args  = containers.value.args

        resources {
          cpu_idle = true

          limits = {
            cpu    = tostring(containers.value.cpu)
            memory = containers.value.memory
          }
        }

        dynamic "env" {
          for_each = containers.value.env

          content {
            name  = env.key
            value = env.value
          }
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

  # Builds decide which image runs, and rollbacks which revision serves.
  lifecycle {
    ignore_changes = [
      client,
      client_version,
      template[0].containers[0].image,
      template[0].labels,
      template[0].revision,
      traffic,
    ]

    precondition {
      condition     = !contains(keys(var.sidecars), var.name)
      error_message = "A sidecar must have another name than the service, whose own container is called by it."
    }
  }
}
