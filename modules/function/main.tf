locals {
  # An archive's name changes with its content, so that new code is a new object in the plan.
  object = "${var.name}/${basename(var.code.archive)}"
}

resource "google_storage_bucket_object" "source" {
  bucket       = var.code.bucket
  name         = local.object
  source       = coalesce(var.code.archive, "none")
  content_type = "application/zip"

  lifecycle {
    precondition {
      condition     = endswith(var.code.archive, ".zip")
      error_message = "The code of the function ${var.name} must be packed as a zip archive: `groundwork up` and `groundwork plan` do so, and `groundwork functions pack` does it for plain Terraform."
    }
  }
}

resource "google_cloudfunctions2_function" "function" {
  project  = var.project_id
  location = var.location
  name     = var.name
  labels   = var.labels

  build_config {
    runtime           = var.code.runtime
    entry_point       = var.code.entry_point
    docker_repository = var.builder.repository
    service_account   = "projects/${var.project_id}/serviceAccounts/${var.builder.service_account}"

    source {
      storage_source {
        bucket     = google_storage_bucket_object.source.bucket
        object     = google_storage_bucket_object.source.name
        generation = google_storage_bucket_object.source.generation
      }
    }
  }

  service_config {
    service_account_email            = var.service_account
    available_cpu                    = tostring(var.limits.cpu)
    available_memory                 = var.limits.memory
    max_instance_count               = var.scaling.max
    max_instance_request_concurrency = var.limits.concurrency
    min_instance_count               = var.scaling.min
    timeout_seconds                  = var.limits.timeout_seconds
    environment_variables            = var.variables.env
    ingress_settings                 = "ALLOW_ALL"
    all_traffic_on_latest_revision   = true

    dynamic "secret_environment_variables" {
      for_each = var.variables.secrets

      content {
        key        = secret_environment_variables.key
        project_id = var.project_id
        secret     = secret_environment_variables.value
        version    = "latest"
      }
    }
  }

  dynamic "event_trigger" {
    for_each = var.event[*]

    content {
      event_type            = "google.cloud.storage.object.v1.${event_trigger.value.type}"
      retry_policy          = event_trigger.value.retry ? "RETRY_POLICY_RETRY" : "RETRY_POLICY_DO_NOT_RETRY"
      service_account_email = event_trigger.value.service_account
      trigger_region        = event_trigger.value.location

      event_filters {
        attribute = "bucket"
        value     = event_trigger.value.bucket
      }
    }
  }
}
